/**
 * The cuts of one channel that somebody is being sent. Each is made once for all who can take it; what they hold together has a
 * bound, however many are behind and however slow they are.
 */
import { judge, type LogPlace } from "../../../broker/log/judge.js";
import type { Clock, Cursor } from "../../../protocol/index.js";
import type { SlotsCut, SlotsMemory, Tally, View } from "../../kinds/slots-kind.js";

/** For so long a cut is given to others, in milliseconds, and no other one is made that begins where it does. */
const FRESH_MS = 250;
/** What they may hold beside twice the channel's memory, in bytes. */
const LEAST_ROOM = 1024 * 1024;

/** A cut while somebody is being sent it. */
export interface SharedCut {
  readonly cut: SlotsCut;
  readonly view: View;
  readonly madeAt: number;
  readers: number;
  /** It is not sent on: it took too much room, or what it tells has not come to be. */
  isDropped: boolean;
}

export class Cuts {
  readonly #memory: SlotsMemory;
  readonly #clock: Clock;
  /** Oldest first. */
  #shared: SharedCut[] = [];
  #bytes = 0;
  /** Whether it is looked soon for those that nobody is being sent. */
  #isToSweep = false;

  constructor(memory: SlotsMemory, clock: Clock) {
    this.#memory = memory;
    this.#clock = clock;
  }

  /** About how many bytes they hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What one gets next who stands at `from`, in the memory's epoch; `undefined` below the memory's floor. `leave` ends it.
   *
   * @param since how many changes there were up to `from`, where that is known
   * @param seen the offset up to which they have seen something: what they get ends there or later, as far as the memory goes
   */
  take(from: Cursor, view: View, since?: Tally, seen = 0): SharedCut | undefined {
    const fitting = this.#fitting(from, view, Math.min(seen, this.#memory.head));
    if (fitting !== undefined && this.#isNewest(fitting)) return join(fitting);
    const cut = this.#memory.cut(from, view, since);
    if (cut === undefined) return undefined;
    this.#sweep();
    // An old one is sent once more, before one is taken from somebody who is slow.
    if (fitting !== undefined && this.#bytes + cut.bytes > this.#room) return join(fitting);
    const made = { cut, view, madeAt: this.#clock.monotonic(), readers: 1, isDropped: false };
    this.#shared.push(made);
    this.#bytes += cut.bytes;
    for (const oldest of this.#shared) {
      if (this.#bytes <= this.#room || oldest === made) break;
      this.#drop(oldest);
    }
    return made;
  }

  /** One who was being sent it has all of it, or wants no more of it. */
  leave(shared: SharedCut): void {
    shared.readers--;
    if (shared.readers > 0 || shared.isDropped) return;
    // Others may come in a moment; what nobody wants then is not kept until somebody does.
    if (this.#isToSweep) return;
    this.#isToSweep = true;
    this.#clock.setTimeout(() => {
      this.#isToSweep = false;
      this.#sweep();
    }, 2 * FRESH_MS);
  }

  /** Drops those that end at a place which has not come to be. */
  dropVoid(place: LogPlace): void {
    for (const shared of this.#shared) {
      const standing = judge(shared.cut.end, place);
      if (standing === "rollback" || standing === "epoch") this.#drop(shared);
    }
  }

  get #room(): number {
    return 2 * this.#memory.bytes + LEAST_ROOM;
  }

  /** The newest that may be given to whoever stands there: from 0 to those who begin, another to those it does not skip anything for. */
  #fitting(from: Cursor, { key }: View, seen: number): SharedCut | undefined {
    return this.#shared.findLast(({ cut, view, isDropped }) => {
      if (isDropped || view.key !== key || cut.end.epoch !== from.epoch) return false;
      if (cut.end.offset < this.#memory.floor || cut.end.offset < seen) return false;
      // It has to lead on, unless there is nothing further.
      if (cut.end.offset <= from.offset && from.offset < this.#memory.head) return false;
      if (from.offset === 0 || cut.from.offset === 0) return from.offset === cut.from.offset;
      return cut.from.offset <= from.offset;
    });
  }

  #isNewest({ cut, madeAt }: SharedCut): boolean {
    return cut.end.offset === this.#memory.head || this.#clock.monotonic() - madeAt < FRESH_MS;
  }

  /** Lets go of those that nobody is being sent, but the fresh ones. */
  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const shared of this.#shared) {
      if (shared.readers === 0 && now - shared.madeAt >= FRESH_MS) this.#drop(shared);
    }
  }

  #drop(shared: SharedCut): void {
    if (shared.isDropped) return;
    shared.isDropped = true;
    this.#bytes -= shared.cut.bytes;
    this.#shared = this.#shared.filter((other) => other !== shared);
  }
}

function join(shared: SharedCut): SharedCut {
  shared.readers++;
  return shared;
}
