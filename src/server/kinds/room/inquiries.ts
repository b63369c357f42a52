/** What is asked of the owner of a room by somebody who is not in it: matchmaking, and the application. */
import type { Broker } from "../../../broker/index.js";
import type { Clock, Random, Timer } from "../../../protocol/index.js";
import type { OnError } from "../../guard.js";
import type { Answer, Ask } from "./messages.js";
import type { RoomMail } from "./owner/mail.js";
import type { Rooms } from "./owner/rooms.js";
import { readReign } from "./replica/reign-log.js";

/** How long an answer is waited for before the question is sent again, in milliseconds. */
const AGAIN_MS = 500;
/** How long somebody else who owns the room by now is given to say so in its log. */
const PAUSE_MS = 50;
/** How long an answer is waited for in all. */
const PATIENCE_MS = 5000;
/** After so many questions without an answer another owner is looked for, where the room is to be woken. */
const SILENT = 2;

export interface InquiriesDeps {
  readonly broker: Pick<Broker, "readSlots">;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly random: Pick<Random, "id">;
  readonly mail: Pick<RoomMail, "post" | "listen">;
  readonly rooms: Pick<Rooms, "place">;
  readonly onError: OnError;
}

export interface InquiryOptions {
  /** Whether somebody is to own the room if nobody does. Default false: then there is no answer. */
  readonly wake?: boolean;
  /** What it is made for, where it is woken and nobody has made it. */
  readonly match?: ReadonlyMap<string, string>;
  /** Milliseconds. Default 5 s. */
  readonly patience?: number;
}

/** A node and the reign under which it owns a room. */
interface At {
  readonly node: string;
  readonly reign: string;
}

interface Asked {
  readonly resolve: (answer: Answer | undefined) => void;
  readonly timer: Timer;
}

export class Inquiries {
  readonly #deps: InquiriesDeps;
  readonly #name: string;
  readonly #asked = new Map<string, Asked>();
  readonly #stop: () => void;
  #number = 0;
  #isClosed = false;

  constructor(deps: InquiriesDeps) {
    this.#deps = deps;
    this.#name = deps.random.id();
    this.#stop = deps.mail.listen((item) => {
      if (item.is === "answer") this.#end(item.id, item);
    });
  }

  /**
   * Asks the owner of a room. It never rejects. What is answered in time is carried out once, however often it was sent.
   *
   * @returns undefined where there was no answer in time: it may have been carried out
   */
  async ask(
    channel: string,
    ask: Ask,
    { wake = false, match = new Map(), patience = PATIENCE_MS }: InquiryOptions = {},
  ): Promise<Answer | undefined> {
    const { clock, onError } = this.#deps;
    const id = `${this.#name}.${++this.#number}`;
    const until = clock.monotonic() + patience;
    for (let silent = 0; !this.#isClosed && clock.monotonic() < until;) {
      try {
        const at = await this.#find(channel, { wake, match, isSilent: silent >= SILENT });
        if (at === undefined || "code" in at) return at && { ...at, id };
        const answer = await this.#send(channel, at, { id, ask }, until);
        if (answer !== undefined && isEnd(answer, ask)) return answer;
        silent = answer === undefined ? silent + 1 : 0;
      } catch (error) {
        onError(error);
      }
      await this.#pause(until);
    }
    return undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    for (const id of this.#asked.keys()) this.#end(id, undefined);
  }

  /** Who owns the room; an answer where nobody does and will; undefined where nobody does and it is not to be woken. */
  async #find(
    channel: string,
    { wake, match, isSilent }: { wake: boolean; match: ReadonlyMap<string, string>; isSilent: boolean },
  ): Promise<At | Answer | undefined> {
    const { broker, rooms } = this.#deps;
    const { reign, closed } = await readReign(broker, channel);
    if (closed !== undefined) return refusal(channel, "room_closed", closed.reason);
    const reigns = reign !== undefined && !reign.released;
    if (reigns && !(wake && isSilent)) return { node: reign.node, reign: reign.name };
    if (!wake) return undefined;
    const placed = await rooms.place(channel, { match, ...(reigns && { was: reign.name }) });
    if (placed.owner !== undefined && placed.reign !== undefined)
      return { node: placed.owner, reign: placed.reign };
    if (placed.refused === "room_full" || placed.refused === "room_closed")
      return refusal(channel, placed.refused, placed.reason);
    throw new Error(`no server takes the room ${JSON.stringify(channel)} now`);
  }

  #send(
    channel: string,
    { node, reign }: At,
    request: { readonly id: string; readonly ask: Ask },
    until: number,
  ): Promise<Answer | undefined> {
    const { clock, mail } = this.#deps;
    return new Promise((resolve) => {
      const left = Math.max(0, until - clock.monotonic());
      const timer = clock.setTimeout(() => this.#end(request.id, undefined), Math.min(AGAIN_MS, left));
      this.#asked.set(request.id, { resolve, timer });
      mail.post(node, { is: "batch", channel, reign, inputs: [], seen: [], requests: [request] });
    });
  }

  #end(id: string, answer: Answer | undefined): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#deps.clock.clearTimeout(asked.timer);
    this.#asked.delete(id);
    asked.resolve(answer);
  }

  #pause(until: number): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      clock.setTimeout(resolve, Math.min(PAUSE_MS, Math.max(0, until - clock.monotonic())));
    });
  }
}

/** Neither of the others is an end: somebody else is to be asked, or the same one again. But an event is good for one reign. */
function isEnd({ code }: Answer, ask: Ask): boolean {
  return code !== "unavailable" && (code !== "room_moved" || ask.is === "send");
}

function refusal(channel: string, code: Answer["code"], reason: string | undefined): Answer {
  return { is: "answer", channel, id: "", code, last: undefined, reason };
}
