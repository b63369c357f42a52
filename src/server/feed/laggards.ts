/**
 * The subscribers of a channel that are behind. Each reads on from its own cursor, page by page, as its socket takes it,
 * and is live again when it stands where the live ones stand. Those who stand at one place share what is read for them. A message
 * of several parts is sent a part at a time: of it a subscriber only remembers how far it is.
 */
import { formatCursor, type Clock, type Cursor } from "../../protocol/index.js";
import type { Audience, Subscriber } from "../delivery/audience.js";
import type { Cut, LogKind, LogMemory, Step } from "../kinds/kind.js";
import type { Log } from "./log.js";
import { RETRY_MS } from "./retry.js";
import { sendNext } from "./send-next.js";

/** How many cuts are kept for others who stand at the same place. */
const MAX_SHARED_CUTS = 16;

/** The live end of a channel: what those who are behind have to come up to. */
export interface LiveEdge {
  /** Where the live subscribers are. */
  readonly head: Cursor;
  /** Where the log is, as far as this node knows. */
  readonly known: Cursor;
  readonly closed: boolean;
  readonly audience: Audience;
  /** Compares with the broker's head, and repairs. */
  check(): void;
}

export interface LaggardsDeps {
  readonly clock: Clock;
  /** Has `flush` called at the end of this turn. */
  readonly collect: (flush: () => void) => void;
  /** Told of reads that failed; they are tried again. */
  readonly onError: (error: unknown, channel: string) => void;
}

/** What was found after a cursor; or that there is nothing, and then where one stands, and whether beyond what the read saw. */
type Found = { readonly cut: Cut } | { readonly end: Cursor; readonly ahead: boolean };

export class Laggards {
  readonly #edge: LiveEdge;
  readonly #kind: LogKind;
  readonly #log: Log;
  readonly #memory: LogMemory;
  readonly #deps: LaggardsDeps;
  // Both are made when they are first needed: on most channels nobody is ever behind.
  /** Pages being read, by cursor: one read and one encoding for all who stand there. */
  #reads: Map<string, Promise<Found>> | undefined;
  /** Made in this turn, by the offset they follow; cursors are of the live ones' epoch. */
  #cuts: Map<number, Cut> | undefined;

  constructor(edge: LiveEdge, kind: LogKind, log: Log, memory: LogMemory, deps: LaggardsDeps) {
    this.#edge = edge;
    this.#kind = kind;
    this.#log = log;
    this.#memory = memory;
    this.#deps = deps;
  }

  /** Begins delivery from the subscriber's cursor, which may be anywhere. */
  add(subscriber: Subscriber): void {
    if (this.#joins(subscriber)) return;
    this.#edge.audience.addBehind(subscriber);
    this.#catchUp(subscriber);
  }

  /** A live one could not take what came, and stands at `at`. It reads on when there is room. */
  lag(subscriber: Subscriber, at: Cursor): void {
    subscriber.cursor = at;
    subscriber.trusted = true;
    subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
  }

  /** The live ones are further. */
  onMoved(): void {
    // Even an empty map makes a new table when it is cleared.
    if (this.#cuts !== undefined && this.#cuts.size > 0) this.#cuts.clear();
    for (const subscriber of this.#edge.audience.behind) {
      if (subscriber.state === "ahead" && !this.#isBefore(subscriber.cursor)) this.#catchUp(subscriber);
    }
  }

  /** Whether the live subscribers have yet to come to `cursor`. */
  #isBefore(cursor: Cursor): boolean {
    const { head } = this.#edge;
    return cursor.epoch === head.epoch && cursor.offset > head.offset;
  }

  /** In the live set from here on, if it stands where the live ones stand, and is not in the middle of what follows. */
  #joins(subscriber: Subscriber): boolean {
    const { head, audience } = this.#edge;
    if (subscriber.progress !== undefined) return false;
    if (subscriber.cursor.offset !== head.offset || subscriber.cursor.epoch !== head.epoch) return false;
    audience.addLive(subscriber);
    return true;
  }

  /** Sends what follows the subscriber's cursor, page by page, as its socket takes it; joins it in at the end. */
  #catchUp(subscriber: Subscriber): void {
    try {
      this.#goOn(subscriber);
    } catch (error) {
      // Others who are behind on this channel come after this one.
      this.#tryLater(subscriber, error);
    }
  }

  #goOn(subscriber: Subscriber): void {
    if (this.#edge.closed || subscriber.state === "gone" || subscriber.state === "live") return;
    subscriber.state = "behind";
    if (this.#joins(subscriber)) return;
    if (!subscriber.out.roomy) return subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
    const cut = this.#remembered(subscriber);
    if (cut !== undefined && this.#send(subscriber, cut)) return;
    this.#readFor(subscriber).catch((error: unknown) => this.#tryLater(subscriber, error));
  }

  #tryLater(subscriber: Subscriber, error: unknown): void {
    this.#deps.onError(error, this.#log.channel);
    this.#deps.clock.setTimeout(() => this.#catchUp(subscriber), RETRY_MS);
  }

  async #readFor(subscriber: Subscriber): Promise<void> {
    const found = await this.#readShared(subscriber.cursor, subscriber.progress !== undefined);
    if (this.#edge.closed || subscriber.state === "gone") return;
    if ("cut" in found) {
      if (!this.#send(subscriber, found.cut)) throw new Error("what was read a moment ago has gone");
      return;
    }
    const { end, ahead } = found;
    // Nothing follows: the message that it was in the middle of is void.
    subscriber.leaveMessage();
    subscriber.cursor = end;
    if (this.#joins(subscriber)) return;
    // Nothing to send, and yet not where the live ones are. Either they have moved on since the page was read,
    // or this node's feed is what lags: then the subscriber waits for it to come by.
    if (ahead || this.#isBefore(end)) subscriber.state = "ahead";
    else subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
  }

  /** `false`: the cut has nothing for it any more. */
  #send(subscriber: Subscriber, cut: Cut): boolean {
    const sent = sendNext(subscriber, cut);
    if (sent === "gone") return false;
    if (sent === "held" || this.#joins(subscriber)) return true;
    // As many pages a turn as there is room for: whoever reads on must be faster than what comes in meanwhile.
    if (sent === "taken" && subscriber.out.roomy) this.#catchUp(subscriber);
    else subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
    return true;
  }

  /** What comes next for the subscriber in this node's memory, made once for all who stand at its place. */
  #remembered({ cursor, progress, trusted }: Subscriber): Cut | undefined {
    const now = this.#deps.clock.now();
    // Of a message that it has begun it may have the rest, also where the epoch is another one meanwhile.
    if (progress !== undefined) return this.#memory.rest(progress.end, now);
    if (cursor.epoch !== this.#edge.head.epoch) return undefined;
    if (!trusted && !this.#memory.kept) return undefined;
    const known = this.#cuts?.get(cursor.offset);
    if (known !== undefined) return known;
    const cut = this.#memory.cut(cursor, now);
    return cut && this.#keep(cursor, cut);
  }

  /** Keeps a cut until the end of the turn, for others who come by the same cursor. */
  #keep(cursor: Cursor, cut: Cut): Cut {
    if (cursor.epoch !== this.#edge.head.epoch || this.#edge.closed) return cut;
    const cuts = (this.#cuts ??= new Map());
    if (cuts.size === 0) this.#deps.collect(() => cuts.clear());
    if (cuts.size < MAX_SHARED_CUTS) cuts.set(cursor.offset, cut);
    return cut;
  }

  /** @param again whether it is for the rest of the message that follows `cursor` */
  #readShared(cursor: Cursor, again: boolean): Promise<Found> {
    const key = again ? `again ${formatCursor(cursor)}` : formatCursor(cursor);
    const reads = (this.#reads ??= new Map());
    let reading = reads.get(key);
    if (reading === undefined) {
      reading = this.#readAfter(cursor, again).finally(() => reads.delete(key));
      reads.set(key, reading);
    }
    return reading;
  }

  async #readAfter(cursor: Cursor, again: boolean): Promise<Found> {
    const read = await (again ? this.#log.readAgain(cursor.offset) : this.#log.readAfter(cursor.offset));
    const { steps, cursor: end, standing } = this.#kind.readOn(cursor, read);
    if (standing === "ahead" || isUnknown(steps[0], cursor)) this.#log.doubt(cursor);
    const { known } = this.#edge;
    if (read.head > known.offset || read.epochs.at(-1)?.epoch !== known.epoch) this.#edge.check();
    if (steps.length === 0) return { end, ahead: standing === "ahead" };
    const cut = this.#memory.cutOf(cursor, steps, end);
    if (this.#memory.kept) this.#keep(cursor, cut);
    return { cut };
  }
}

/** Whether that says that the cursor names no entry of its epoch, though later ones are there. */
function isUnknown(step: Step | undefined, { epoch }: Cursor): boolean {
  return step !== undefined && "gap" in step && step.gap.reason === "rollback" && step.gap.epoch === epoch;
}
