/**
 * The feed of a channel without a log: only what happens now. Live subscribers get every signal; one that lags
 * gets, when its socket has drained, the newest signal of each slot that it has not seen. The slots are a log
 * that conflates, a place in it is a cursor: the same idea in memory.
 */
import type { Signal } from "../../../broker/index.js";
import { Chunk, type EncodedLine } from "../../delivery/chunk.js";
import { messageLine } from "../../delivery/encode.js";
import { Audience, type Subscriber } from "../../delivery/audience.js";

/** How many slots are remembered for those who lag. */
const MAX_SLOTS = 1000;
/** How many bytes of them. */
const MAX_SLOT_BYTES = 1024 * 1024;
const PAGE_BYTES = 32 * 1024;

export class SignalFeed {
  readonly #ch: number;
  readonly #collect: (flush: () => void) => void;
  readonly audience = new Audience();
  /** By slot, in the order of their last change. */
  readonly #slots = new Map<string, { at: number; line: EncodedLine }>();
  #slotBytes = 0;
  #pending: Signal[] = [];
  #at = 0;
  #collecting = false;

  constructor(ch: number, collect: (flush: () => void) => void) {
    this.#ch = ch;
    this.#collect = collect;
  }

  add(subscriber: Subscriber): void {
    this.audience.addLive(subscriber);
  }

  onSignals(signals: readonly Signal[]): void {
    for (const signal of signals) this.#pending.push(signal);
    if (this.#collecting) return;
    this.#collecting = true;
    this.#collect(() => this.#flush());
  }

  /** Hot path: encodes what came in this turn, once, and hands it to every live subscriber. */
  #flush(): void {
    this.#collecting = false;
    const signals = this.#pending;
    this.#pending = [];
    let base = this.#at;
    let lines: EncodedLine[] = [];
    let size = 0;
    const deliver = (): void => {
      this.audience.deliver(new Chunk(lines), (subscriber) => this.#lag(subscriber, base));
      base = this.#at;
      lines = [];
      size = 0;
    };
    for (const { data, meta, slot } of signals) {
      const line = messageLine(this.#ch, 0, data, meta);
      if (size + line.size > PAGE_BYTES && lines.length > 0) deliver();
      this.#forget(slot);
      this.#slots.set(slot, { at: ++this.#at, line });
      this.#slotBytes += line.size;
      lines.push(line);
      size += line.size;
    }
    if (lines.length > 0) deliver();
    // With nobody behind, nothing needs to be remembered.
    const keep = this.audience.behind.size > 0;
    for (const slot of this.#slots.keys()) {
      if (keep && this.#slots.size <= MAX_SLOTS && this.#slotBytes <= MAX_SLOT_BYTES) break;
      this.#forget(slot);
    }
  }

  #forget(slot: string): void {
    this.#slotBytes -= this.#slots.get(slot)?.line.size ?? 0;
    this.#slots.delete(slot);
  }

  #lag(subscriber: Subscriber, at: number): void {
    subscriber.cursor = { epoch: "", offset: at };
    subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
  }

  #catchUp(subscriber: Subscriber): void {
    if (subscriber.state !== "behind") return;
    const lines: EncodedLine[] = [];
    let size = 0;
    let { offset } = subscriber.cursor;
    for (const { at, line } of this.#slots.values()) {
      if (at <= offset) continue;
      if (size + line.size > PAGE_BYTES && lines.length > 0) break;
      lines.push(line);
      size += line.size;
      offset = at;
    }
    if (lines.length === 0) return this.audience.addLive(subscriber);
    if (subscriber.out.offer(new Chunk(lines))) subscriber.cursor = { epoch: "", offset };
    subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
  }
}
