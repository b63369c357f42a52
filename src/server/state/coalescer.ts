/**
 * Sets and deletes of one channel by the application itself, which go together: one change for what came within a tick. One is
 * under way at a time; what comes meanwhile waits for the next, however long the broker takes, and only the newest of each key is kept.
 */
import { BrokerError } from "../../broker/index.js";
import { formatCursor, type Clock, type Cursor, type Timer } from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";
import { detach, type OnError } from "../guard.js";
import { changeRequestOf, type ChangeRequest } from "../kinds/slots/change-request.js";
import type { StateWritten } from "./changing.js";
import { GONE, WriteBatches, type WriteBatch, type WriteCall } from "./write-batches.js";

export interface CoalescerDeps {
  readonly clock: Clock;
  /** What comes within so many milliseconds goes together; 0: what comes in one turn. */
  readonly tick: number;
  /** Makes a change. */
  readonly change: (request: ChangeRequest) => Promise<{ readonly cursor: Cursor }>;
  /** Nothing waits here any more. */
  readonly onIdle: () => void;
  readonly onError: OnError;
}

export class Coalescer {
  readonly #deps: CoalescerDeps;
  #waiting = new WriteBatches();
  /** When the first of those that wait came. */
  #since = 0;
  #underWay: WriteBatches | undefined;
  #timer: Timer;
  /** Somebody waits for what waits here: it is written as soon as it can be. */
  #isUrgent = false;

  constructor(deps: CoalescerDeps) {
    this.#deps = deps;
  }

  /** Hot path. */
  write(writes: WriteCall["writes"], ttl: number | undefined): Promise<StateWritten> {
    return new Promise((resolve, reject) => {
      const isFirst = this.#waiting.isEmpty;
      this.#waiting.add({ writes, ttl, resolve, reject });
      if (!isFirst) return;
      this.#since = this.#deps.clock.monotonic();
      if (this.#underWay === undefined) this.#goOnIn(this.#deps.tick);
    });
  }

  /** Resolves when all that came before has been written, or has failed; `undefined` where nothing has. Has it written at once. */
  settled(): Promise<void> | undefined {
    if (this.#waiting.isEmpty) return this.#underWay?.settled;
    const { settled } = this.#waiting;
    if (this.#underWay === undefined) this.#begin();
    else this.#isUrgent = true;
    return settled;
  }

  #goOnIn(ms: number): void {
    const { clock, tick } = this.#deps;
    if (tick > 0) keepAlive((this.#timer = clock.setTimeout(() => this.#begin(), ms)));
    else clock.setImmediate(() => this.#begin());
  }

  #begin(): void {
    if (this.#underWay !== undefined || this.#waiting.isEmpty) return;
    this.#deps.clock.clearTimeout(this.#timer);
    const batches = this.#waiting;
    this.#waiting = new WriteBatches();
    this.#underWay = batches;
    this.#isUrgent = false;
    detach(this.#write(batches), this.#deps.onError);
  }

  async #write(batches: WriteBatches): Promise<void> {
    try {
      for (const batch of batches.batches) await this.#writeBatch(batch);
    } finally {
      this.#underWay = undefined;
      batches.settle();
      this.#ended();
    }
  }

  #ended(): void {
    if (this.#waiting.isEmpty) return this.#deps.onIdle();
    const wait = this.#since + this.#deps.tick - this.#deps.clock.monotonic();
    if (this.#isUrgent || wait <= 0) this.#begin();
    else this.#goOnIn(wait);
  }

  /** Never rejects: its callers are told. */
  async #writeBatch({ calls, values, ttl }: WriteBatch): Promise<void> {
    const error = await this.#make(calls, values, ttl);
    if (error === undefined) return;
    if (calls.length === 1 || isOfAll(error)) for (const { reject } of calls) reject(error);
    else await this.#writeAlone(calls);
  }

  /** What is refused together is made one by one, so that nobody pays for another's value. Those with the same key stay in their order. */
  async #writeAlone(calls: readonly WriteCall[]): Promise<void> {
    let keys = new Set<string>();
    let together: Promise<void>[] = [];
    for (const call of calls) {
      if (call.writes.some(([key]) => keys.has(key))) {
        await Promise.all(together);
        keys = new Set();
        together = [];
      }
      for (const [key] of call.writes) keys.add(key);
      together.push(
        this.#make([call], new Map(call.writes), call.ttl).then((error) => {
          if (error !== undefined) call.reject(error);
        }),
      );
    }
    await Promise.all(together);
  }

  /** Makes one change and tells its callers where it is; or says why there is none. */
  async #make(
    calls: readonly WriteCall[],
    values: ReadonlyMap<string, unknown>,
    ttl: number | undefined,
  ): Promise<unknown> {
    try {
      const { cursor } = await this.#deps.change(changeRequestOf(values, isGone, ttl));
      const written: StateWritten = { cursor: formatCursor(cursor) };
      for (const { resolve } of calls) resolve(written);
      return undefined;
    } catch (error) {
      return error ?? new TypeError("a schema has thrown nothing");
    }
  }
}

function isGone(value: unknown): boolean {
  return value === GONE;
}

/** A server's timers let a process end. This one does not: somebody waits for what is to be written. */
function keepAlive(timer: Timer): void {
  if (typeof timer === "object" && timer !== null && "ref" in timer && typeof timer.ref === "function")
    Reflect.apply(timer.ref, timer, []);
}

/** Whether it has nothing to do with what was to be written. */
function isOfAll(error: unknown): boolean {
  if (error instanceof BrokerError) return true;
  return error instanceof TidemarkError && (error.retry || error.code === "outcome_unknown");
}
