import type { HistoryEvent } from "../history/events.js";

/** An event without its time, which the recorder adds; a union keeps its members apart. */
export type Happening<Event = HistoryEvent> = Event extends HistoryEvent ? Omit<Event, "time"> : never;

/** Notes what happens, and makes one number of it: two runs are the same when their traces are. */
export class Recorder {
  readonly events: HistoryEvent[] = [];
  readonly counts = new Map<string, number>();
  readonly #now: () => number;
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The time that an event would have now. */
  get time(): number {
    return this.#now();
  }

  add(happening: Happening): void {
    const event = { time: this.#now(), ...happening } as HistoryEvent;
    this.events.push(event);
    this.count(event.is);
    this.trace(JSON.stringify(event));
  }

  /** Counts something that is no event of the history, such as a fault. */
  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** Makes `text` part of the trace. */
  trace(text: string): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x5bd1e995) ^ (b >>> 15);
    }
    this.#a = a;
    this.#b = b;
  }

  /** What everything so far comes to: 16 hexadecimal digits. */
  get hash(): string {
    const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, "0");
    return hex(this.#a) + hex(this.#b);
  }
}
