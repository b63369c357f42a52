/**
 * Those who are not live on a channel that is kept by slots: they begin, come back, or did not read fast enough. Each is judged from
 * where it stands, told of a gap where there is one, and sent a cut, page by page as its socket takes it, until it is where its lane is.
 */
import { judge } from "../../../broker/log/judge.js";
import type { Clock, Cursor, GapReason } from "../../../protocol/index.js";
import { textChunk, type Chunk } from "../../delivery/chunk.js";
import { gapLine } from "../../delivery/encode.js";
import type { SlotsMemory } from "../../kinds/slots-kind.js";
import { RETRY_MS } from "../retry.js";
import { sendNext } from "../send-next.js";
import { Cuts, type SharedCut } from "./cuts.js";
import { nextAfter } from "./rates.js";
import type { Replica } from "./replica.js";
import { Rests } from "./rests.js";
import type { Seat } from "./seat.js";

/** Whose subscribers they are: a channel's feed. */
export interface CatchUpOwner {
  readonly clock: Clock;
  readonly memory: SlotsMemory;
  /** Whether anybody may be served. */
  readonly ready: boolean;
  failed(error: unknown): void;
}

export class CatchUp {
  readonly #owner: CatchUpOwner;
  readonly #replica: Replica;
  readonly #ch: number;
  readonly #cuts: Cuts;
  /** Those whose cursor is beyond what is known here. */
  readonly #ahead = new Set<Seat>();
  /** Those for whom it is too early. */
  readonly #rests: Rests<Seat>;
  /** The last gap that somebody was told, for the next one who stands where that one stood. */
  #lastGap: { readonly key: string; readonly chunk: Chunk } | undefined;

  constructor(owner: CatchUpOwner, replica: Replica, ch: number) {
    this.#owner = owner;
    this.#replica = replica;
    this.#ch = ch;
    this.#cuts = new Cuts(owner.memory, owner.clock);
    this.#rests = new Rests(owner.clock, (seat) => this.serve(seat));
  }

  /** Sends what one gets who is behind, as its socket takes it, until it is where its lane is. */
  serve(seat: Seat): void {
    try {
      let isOn = true;
      while (isOn) isOn = this.#step(seat);
    } catch (error) {
      // Others who are behind on this channel come after this one.
      this.#owner.failed(error);
      this.#owner.clock.setTimeout(() => this.serve(seat), RETRY_MS);
    }
  }

  /** It goes on when its socket has taken what it has, or its client has said so. */
  whenRoomy(seat: Seat): void {
    if (seat.waitsForRoom) return;
    seat.waitsForRoom = true;
    const { window, out } = seat.subscriber;
    const way = window?.isFull === true ? window : out;
    way.whenRoomy(() => {
      seat.waitsForRoom = false;
      this.serve(seat);
    });
  }

  /** The memory has gone on, or the broker was asked: those who waited for that are judged again. */
  onMoved(): void {
    const waiting = [...this.#ahead];
    for (const seat of waiting) this.serve(seat);
  }

  /** The log is another one: what tells of places that have not come to be is not sent on. */
  onChanged(): void {
    this.#cuts.dropVoid(this.#replica.place);
  }

  /** It is gone. */
  remove(seat: Seat): void {
    this.#ahead.delete(seat);
    this.#rests.delete(seat);
    this.#stopSending(seat);
  }

  close(): void {
    this.#rests.close();
  }

  /** One line or page of it; whether the next can follow at once. */
  #step(seat: Seat): boolean {
    const { subscriber, lane } = seat;
    if (!this.#owner.ready || subscriber.state === "gone" || subscriber.state === "live") return false;
    if (lane.isWaiting(subscriber)) return false;
    subscriber.state = "behind";
    this.#ahead.delete(seat);
    if (seat.sending?.isDropped === true) this.#stopSending(seat);
    // Whoever is paused is told nothing, but the rest of a message that has begun.
    if (lane.rate.every === Infinity && subscriber.progress === undefined) {
      this.#stopSending(seat);
      return false;
    }
    return seat.sending === undefined ? this.#begin(seat) : this.#sendPage(seat, seat.sending);
  }

  /** Finds out what it gets next; whether it gets anything now. */
  #begin(seat: Seat): boolean {
    const { subscriber, lane } = seat;
    const { cursor } = subscriber;
    const at = seat.seen ?? cursor;
    const { place } = this.#replica;
    const newest = place.epochs.at(-1);
    const isOfNow = ({ epoch }: Cursor): boolean => newest?.epoch === epoch || newest?.earlier === epoch;
    let standing = judge(at, place);
    // To whoever is told all that there is no tombstone is missing.
    if (standing === "trimmed" && isOfNow(at) && seat.seen !== undefined) standing = "on";
    if (standing === "ahead" || (standing === "epoch" && !this.#isCertain(seat))) return this.#ask(seat);
    if (standing !== "on") return this.#tellGap(seat, at, standing);
    if (!isOfNow(at)) return this.#tellGap(seat, at, "failover");
    // What it has seen was of now when this node did not know it yet: then the answer has named another epoch.
    if (!isOfNow(cursor)) return this.#tellGap(seat, cursor, "failover");
    if (newest !== undefined && newest.epoch !== cursor.epoch)
      subscriber.cursor = { epoch: newest.epoch, offset: cursor.offset };
    const now = this.#owner.clock.monotonic();
    if (now < seat.notBefore) return this.#rest(seat, seat.notBefore);
    lane.settle();
    if ((cursor.offset > 0 || seat.isServed) && lane.admit(subscriber, seat)) return false;
    const due = nextAfter(lane.rate, seat.toldAt);
    if (now < due) return this.#rest(seat, due);
    seat.sending = this.#cuts.take(subscriber.cursor, lane.view, seat.tally, seat.seen?.offset);
    return seat.sending !== undefined;
  }

  #rest(seat: Seat, until: number): boolean {
    this.#rests.add(seat, until);
    return false;
  }

  /** Its cursor is beyond what is known here: the broker knows. */
  #ask(seat: Seat): boolean {
    seat.subscriber.state = "ahead";
    this.#ahead.add(seat);
    seat.check ??= this.#replica.check();
    return false;
  }

  /** Whether what this node does not know of its cursor, the broker does not know either. */
  #isCertain({ subscriber, check }: Seat): boolean {
    return subscriber.trusted || (check !== undefined && check <= this.#replica.checked);
  }

  #tellGap(seat: Seat, { offset: after }: Cursor, reason: GapReason): boolean {
    const { subscriber } = seat;
    const { epoch } = this.#replica.cursor;
    // Only with the epoch does what was told still stand; otherwise all is told anew.
    const until = reason === "failover" && seat.seen === undefined ? after : 0;
    if (!subscriber.out.roomy || !subscriber.out.offer(this.#gap(after, until, reason))) {
      this.whenRoomy(seat);
      return false;
    }
    subscriber.leaveMessage();
    subscriber.cursor = { epoch, offset: until };
    // What is not there any more cannot be waited for.
    const isStill = until === 0 && (reason === "trimmed" || reason === "failover");
    seat.seen = isStill ? { epoch, offset: seat.seen?.offset ?? after } : undefined;
    subscriber.trusted = true;
    seat.isServed = seat.isServed && until > 0;
    return true;
  }

  #gap(after: number, until: number, reason: GapReason): Chunk {
    const { epoch } = this.#replica.cursor;
    const key = `${after} ${until} ${epoch} ${reason}`;
    if (this.#lastGap?.key !== key)
      this.#lastGap = { key, chunk: textChunk(gapLine(this.#ch, { after, until, epoch, reason }).text) };
    return this.#lastGap.chunk;
  }

  #sendPage(seat: Seat, sending: SharedCut): boolean {
    const { subscriber } = seat;
    const { cursor } = subscriber;
    const sent = subscriber.out.roomy ? sendNext(subscriber, sending.cut) : "full";
    if (sent === "held") return false;
    if (sent !== "taken") {
      this.whenRoomy(seat);
      return false;
    }
    if (subscriber.progress !== undefined) {
      // It may stand behind the place that the cut begins at, and does so until it has all of it.
      subscriber.cursor = cursor;
      return true;
    }
    seat.isServed = true;
    seat.seen = undefined;
    seat.toldAt = this.#owner.clock.monotonic();
    seat.tally = sending.cut.tally;
    this.#stopSending(seat);
    return true;
  }

  #stopSending(seat: Seat): void {
    if (seat.sending === undefined) return;
    this.#cuts.leave(seat.sending);
    seat.sending = undefined;
    // Another one may end at the same place, and have other parts.
    seat.subscriber.leaveMessage();
  }
}
