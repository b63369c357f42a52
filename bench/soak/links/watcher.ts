/** A viewer that looks at what it is shown as a page does: message by message, and acknowledges what it has shown. */
import { micros } from "tidemark/load";
import type { Frame } from "../../generator/viewers/frame.js";
import { isLine, linesOf } from "../../generator/viewers/protocols.js";
import { BEACON, keyAt } from "../../servers/state/source.js";

/** The keys that are looked at: those that Zipf's law changes most often. */
export const HOT = 20;
/** The longest that it waits with an acknowledgement, in milliseconds. */
const ACK_MS = 1000;

const HOT_KEYS = new Map(Array.from({ length: HOT }, (_, i) => [keyAt(i), i]));

/** What a line says, for all who were sent it. */
interface Note {
  readonly ch: number;
  readonly bytes: number;
  readonly isLast: boolean;
  readonly isAnew: boolean;
  readonly beacon: number;
  /** Which of the hot keys are in it. */
  readonly hot: readonly number[];
  readonly set: readonly unknown[];
  readonly gone: readonly string[];
}

const notes = new WeakMap<Frame, readonly Note[]>();

export interface WatcherOptions {
  /** Bytes that may be under way without an acknowledgement. */
  readonly window: number;
  readonly send: (text: string) => void;
  /** A whole message is shown; how old the newest change in it was when it came, in microseconds. */
  readonly shown: (age: number) => void;
  /** Whether it keeps the map, to be compared at the end. */
  readonly keeps: boolean;
}

export class Watcher {
  /** When the newest change was made that it shows, in microseconds; 0 while it shows nothing. */
  newest = 0;
  /** How often each hot key was shown. */
  readonly hot = new Uint32Array(HOT);
  readonly map = new Map<string, unknown>();
  readonly #options: WatcherOptions;
  #parts: Note[] = [];
  #lines = 0;
  #unacknowledged = 0;
  #isWaiting = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  take(frame: Frame): void {
    let found = notes.get(frame);
    if (found === undefined) notes.set(frame, (found = notesOf(frame)));
    for (const note of found) this.#line(note);
  }

  /** Hot keys are counted from here on. */
  forget(): void {
    this.hot.fill(0);
  }

  #line(note: Note): void {
    this.#lines++;
    this.#unacknowledged += note.bytes;
    if (note.isAnew) this.#parts = [];
    this.#parts.push(note);
    if (note.isLast) this.#show();
    this.#acknowledge(note.ch);
  }

  #show(): void {
    let beacon = 0;
    for (const part of this.#parts) {
      beacon = Math.max(beacon, part.beacon);
      for (const index of part.hot) (this.hot[index] as number)++;
      if (this.#options.keeps) this.#apply(part);
    }
    this.#parts = [];
    if (beacon === 0) return;
    this.newest = beacon;
    this.#options.shown(micros() - beacon);
  }

  #apply({ set, gone }: Note): void {
    for (let i = 0; i < set.length; i += 2) this.map.set(set[i] as string, set[i + 1]);
    for (const key of gone) this.map.delete(key);
  }

  /** One for half a window is enough, and one a second for what is less. */
  #acknowledge(ch: number): void {
    if (this.#unacknowledged >= this.#options.window / 2) this.#say(ch);
    else if (!this.#isWaiting) {
      this.#isWaiting = true;
      setTimeout(() => {
        this.#isWaiting = false;
        if (this.#unacknowledged > 0) this.#say(ch);
      }, ACK_MS);
    }
  }

  #say(ch: number): void {
    this.#unacknowledged = 0;
    this.#options.send(`{"ack":${ch},"n":${this.#lines}}`);
  }
}

function notesOf(frame: Frame): Note[] {
  return linesOf(frame.text).flatMap((line) => {
    if (!isLine(line)) return [];
    const [ch, , set = [], meta] = line;
    const hot: number[] = [];
    let beacon = 0;
    for (let i = 0; i < set.length; i += 2) {
      const key = set[i] as string;
      const index = HOT_KEYS.get(key);
      if (index !== undefined) hot.push(index);
      if (key === BEACON) beacon = set[i + 1] as number;
    }
    const { more = false, part = 0, del = [] } = meta ?? {};
    const bytes = Buffer.byteLength(JSON.stringify(line));
    return [{ ch, bytes, isLast: !more, isAnew: part === 0, beacon, hot, set, gone: del }];
  });
}
