/** What is asked of the owner of a room from elsewhere than a player: by operators, and by the application. */
import type { Broker } from "../../../broker/index.js";
import type { Clock, Random, Timer } from "../../../protocol/index.js";
import type { Ask } from "./asks.js";
import type { Answer, LetterItem, Request } from "./messages.js";
import type { RoomMail } from "./owner/mail.js";
import type { Placement } from "./owner/placement.js";
import { hasOwner, readStatus, type RoomStatus } from "./owner/read-status.js";
import type { ReignRecord } from "./owner/room-log.js";
import type { Rooms } from "./owner/rooms.js";

/** How long an answer is waited for before it is asked again, of whoever reigns then, in milliseconds. */
const AGAIN_MS = 500;
/** How long it waits where somebody is about to own the room, in milliseconds. */
const SOON_MS = 50;
/** After so many times in vain nobody is thought to own the room any more. */
const MOST_VAIN = 2;
/** How long it is waited for in all, unless it is said otherwise. */
const PATIENCE_MS = 5000;

export interface OwnerAsksDeps {
  readonly broker: Pick<Broker, "node" | "readSlots">;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly random: Pick<Random, "id">;
  readonly mail: Pick<RoomMail, "post" | "listen">;
  readonly rooms: Pick<Rooms, "place">;
}

export interface AskOptions {
  /** How long an answer is waited for, in milliseconds. Default 5,000. */
  readonly patience?: number;
  /** Whether the room gets an owner where it has none. Default false. */
  readonly wake?: boolean;
  /** What it is made for, where it is woken and nobody has made it. Default: such a one is not made. */
  readonly match?: ReadonlyMap<string, string>;
}

/**
 * What has become of it:
 * - `answered`: by its owner
 * - `closed`: the room has ended
 * - `none`: nobody has made it yet
 * - `stopped`: it has no owner, and gets none
 * - `refused`: no node takes it
 * - `silent`: there was no answer in time; it may have been done
 */
export type AskedOwner =
  | { readonly is: "answered"; readonly answer: Answer; readonly by: ReignRecord }
  | { readonly is: "closed"; readonly reason: string | undefined }
  | { readonly is: "none" }
  | { readonly is: "stopped"; readonly status: RoomStatus }
  | { readonly is: "refused"; readonly placement: Placement }
  | { readonly is: "silent"; readonly status: RoomStatus };

/** What is asked now, and under which reign. */
interface Asking {
  readonly request: Request;
  readonly reign: string;
}

interface Waiting {
  readonly channel: string;
  readonly end: (answer: Heard) => void;
}

/** `disowned`: the node that was asked does not own the room. Undefined: there was no answer in time. */
type Heard = Answer | "disowned" | undefined;

export class OwnerAsks {
  readonly #deps: OwnerAsksDeps;
  readonly #name: string;
  readonly #stop: () => void;
  readonly #waiting = new Map<string, Waiting>();
  #number = 0;
  #isClosed = false;

  constructor(deps: OwnerAsksDeps) {
    this.#deps = deps;
    this.#name = deps.random.id();
    this.#stop = deps.mail.listen((item) => this.#read(item));
  }

  /**
   * Asks the owner of a room, whoever that is, until there is an answer.
   *
   * @param ask what is asked of the owner under that reign. An event is never sent under a second one, unless the first owner has said
   *   that it was not told
   * @throws {BrokerError} as a rejection
   */
  async ask(
    channel: string,
    ask: Ask | ((reign: string) => Ask),
    { patience = PATIENCE_MS, wake = false, match }: AskOptions = {},
  ): Promise<AskedOwner> {
    const { clock, broker } = this.#deps;
    const until = clock.monotonic() + patience;
    let asking: Asking | undefined;
    let heard: Heard;
    /** How often in a row nothing was heard of the owner that the log names, or that it is none. */
    let vain = 0;
    let under: string | undefined;
    /** Whether an event may have been told by an owner that did not say so. */
    let isUnsure = false;
    for (;;) {
      const status = await readStatus(broker, channel);
      const { reign, closed } = status;
      if (reign?.name !== under) vain = 0;
      under = reign?.name;
      if (closed !== undefined) return { is: "closed", reason: closed.reason };
      if (reign === undefined && (!wake || match === undefined)) return { is: "none" };
      if (clock.monotonic() >= until || this.#isClosed) return { is: "silent", status };
      const isVain = vain >= MOST_VAIN;
      if (reign === undefined || (wake && (isVain || !hasOwner(status)))) {
        const refused = await this.#wake(channel, reign, match);
        if (refused !== undefined) return refused;
        vain = 0;
        continue;
      }
      if (!hasOwner(status) || (isVain && heard === "disowned")) return { is: "stopped", status };
      if (reign.released) {
        // It is handed to another node, which takes it at once.
        vain += SOON_MS / AGAIN_MS;
        await this.#sleep(SOON_MS);
        continue;
      }
      if (asking?.reign !== reign.name) {
        const wanted = typeof ask === "function" ? ask(reign.name) : ask;
        if (isUnsure) return { is: "silent", status };
        const id = asking?.request.id ?? `${this.#name}.${++this.#number}`;
        asking = { request: { id, ask: wanted }, reign: reign.name };
      }
      heard = await this.#post(channel, reign, asking, Math.min(AGAIN_MS, until - clock.monotonic()));
      if (typeof heard === "object") {
        if (heard.code === "room_closed") return { is: "closed", reason: heard.reason };
        if (!isAskedAgain(heard)) return { is: "answered", answer: heard, by: reign };
      } else vain++;
      const isEvent = asking.request.ask.is === "send";
      isUnsure ||= isEvent && (heard === undefined || isUnknown(heard));
      if (heard === undefined) continue;
      // An event was not told, and another one may be asked to do it.
      if (isEvent) asking = undefined;
      await this.#sleep(SOON_MS);
    }
  }

  /** What the log says of who runs a room now. Rejects with the broker's error. */
  status(channel: string): Promise<RoomStatus> {
    return readStatus(this.#deps.broker, channel);
  }

  /** Nobody is answered any more. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
    for (const { end } of this.#waiting.values()) end(undefined);
  }

  #read(item: LetterItem): void {
    if (item.is === "answer") this.#waiting.get(item.id)?.end(item);
    if (item.is !== "moved" || item.reign !== undefined) return;
    for (const { channel, end } of this.#waiting.values()) if (channel === item.channel) end("disowned");
  }

  /** `undefined`: it has an owner now, or may have. */
  async #wake(
    channel: string,
    reign: ReignRecord | undefined,
    match: AskOptions["match"],
  ): Promise<AskedOwner | undefined> {
    const placement = await this.#deps.rooms.place(channel, {
      ...(match !== undefined && { match }),
      ...(reign?.released === false && { was: reign.name }),
    });
    switch (placement.refused) {
      case "room_closed":
        return { is: "closed", reason: placement.reason };
      case "room_full":
      case "alone":
        return { is: "refused", placement };
      case "unavailable":
        await this.#sleep(SOON_MS);
        return undefined;
      case undefined:
        return undefined;
    }
  }

  #post(
    channel: string,
    { node }: ReignRecord,
    { request, reign }: Asking,
    patience: number,
  ): Promise<Heard> {
    const { mail, clock } = this.#deps;
    return new Promise((resolve) => {
      const end = (heard: Heard): void => {
        clock.clearTimeout(timer);
        this.#waiting.delete(request.id);
        resolve(heard);
      };
      const timer: Timer = clock.setTimeout(() => end(undefined), Math.max(1, patience));
      this.#waiting.set(request.id, { channel, end });
      mail.post(node, { is: "batch", channel, reign, inputs: [], seen: [], requests: [request] });
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.setTimeout(resolve, ms);
    });
  }
}

/** Whether it may have been done. */
function isUnknown(heard: Heard): boolean {
  return typeof heard === "object" && heard.code === "unavailable";
}

/** Whether it is no end: somebody else is to be asked, or the same one again. */
function isAskedAgain({ code }: Answer): boolean {
  return code === "room_moved" || code === "unavailable";
}
