/** Listens to a channel as a page does with EventSource, and comes back as the server's close codes say. */
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import type { Gap, Status } from "tidemark/client";
import type { Reception, Receiver } from "tidemark/testing";
import { CLOSE_CODES, shouldReconnect } from "../../../src/protocol/index.js";
import { eventsOf, type Event } from "./events.js";

/** Milliseconds before it comes back; less than a browser takes, and than it is told to. */
const BACK_MS = 20;

/** How an answer ended, where it says so. */
interface End {
  readonly close: number;
  readonly error?: { readonly code: string };
}

/** @param url the address of the server, as clients have it */
export function readEvents(url: string, what: Reception): Receiver {
  return new EventReader(url, what);
}

class EventReader implements Receiver {
  readonly gaps: Gap[] = [];
  readonly left: string[] = [];
  readonly ends: string[] = [];
  readonly ready: Promise<void>;
  status: Status = "connecting";
  members: string[] = [];
  readonly #url: string;
  readonly #what: Reception;
  readonly #data: unknown[] = [];
  #begun = (): void => {};
  #refused = (_why: object): void => {};
  #lastEventId: string | undefined;
  #asking: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastQuestion = 0;

  constructor(url: string, what: Reception) {
    this.#url = url;
    this.#what = what;
    this.ready = new Promise((resolve, reject) => {
      this.#begun = resolve;
      this.#refused = reject;
    });
    this.ready.catch(() => {});
    this.#ask();
  }

  data(): readonly unknown[] {
    return this.#data;
  }

  close(): void {
    this.status = "closed";
    clearTimeout(this.#timer);
    this.#asking?.destroy();
  }

  #ask(): void {
    const { channel, token, last } = this.#what;
    const address = new URL(`${this.#url}/sse`);
    address.searchParams.set("channel", channel);
    if (last !== undefined) address.searchParams.set("last", String(last));
    const headers = {
      accept: "text/event-stream",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(this.#lastEventId !== undefined && { "last-event-id": this.#lastEventId }),
    };
    // On a TCP connection of its own, which may lead to another server.
    this.#asking = request(address, { headers, agent: false }, (answer) => this.#read(answer));
    let broken = true;
    this.#asking.on("response", () => (broken = false));
    this.#asking.on("error", () => {
      if (broken) this.#ended(undefined);
    });
    this.#asking.end();
  }

  #read(answer: IncomingMessage): void {
    const streams = answer.statusCode === 200;
    let text = "";
    let end: End | undefined;
    answer.setEncoding("utf8");
    answer.on("data", (chunk: string) => {
      text += chunk;
      const whole = streams ? text.lastIndexOf("\n\n") : -1;
      if (whole < 0) return;
      for (const event of eventsOf(text.slice(0, whole))) {
        if (event.name === "close") end = event.data as unknown as End;
        else this.#take(event);
      }
      text = text.slice(whole + 2);
    });
    answer.on("error", () => {});
    answer.on("close", () => {
      const said = !streams && answer.headers["content-type"] === "application/json";
      this.#ended(said ? (JSON.parse(text) as End) : end);
    });
  }

  #take({ name, id, data }: Event): void {
    this.#lastEventId = id ?? this.#lastEventId;
    if (name === "message") {
      const { base64 } = data;
      this.#data.push(
        typeof base64 === "string" ? Uint8Array.from(Buffer.from(base64, "base64")) : data["data"],
      );
    } else if (name === "gap") {
      this.gaps.push(data as unknown as Gap);
    } else if (name === "subscribed") {
      this.status = "online";
      this.#begun();
      if (data["presence"] === true) void this.#askMembers();
    } else {
      if (name === "leave") this.left.push(...idsOf(data["members"]));
      void this.#askMembers();
    }
  }

  /** Who is there is asked for beside the stream, when it begins and when it tells of a change. */
  async #askMembers(): Promise<void> {
    const { channel, token } = this.#what;
    const question = ++this.#lastQuestion;
    const body = [{ connect: { token } }, { id: question, members: channel }].map((line) =>
      JSON.stringify(line),
    );
    try {
      const answer = await fetch(`${this.#url}/send`, { method: "POST", body: body.join("\n") });
      const lines = (await answer.text()).split("\n").filter((line) => line.trim() !== "");
      const told = lines.map((line) => JSON.parse(line) as { id?: number; ok?: { members: unknown } });
      // The answer to a later question knows more.
      if (question !== this.#lastQuestion) return;
      this.members = idsOf(told.find(({ id }) => id === question)?.ok?.members ?? []);
    } catch {
      // It was cut off, and so was the stream: it is asked again when that begins again.
    }
  }

  /** Only what the server said was final is; an answer that breaks, or that somebody else gave, is not. */
  #ended(end: End | undefined): void {
    if (this.status === "closed") return;
    const name = Object.entries(CLOSE_CODES).find(([, { code }]) => code === end?.close)?.[0];
    const code = end?.error?.code ?? name ?? "connection_lost";
    this.ends.push(code);
    if (end === undefined || shouldReconnect(end.close)) {
      this.status = "offline";
      this.#timer = setTimeout(() => this.#ask(), BACK_MS);
    } else {
      this.status = "closed";
      this.#refused({ code });
    }
  }
}

function idsOf(members: unknown): string[] {
  return (members as { id: string }[]).map(({ id }) => id);
}
