/** What somebody who looks on is told of a room, line by line, put together to what has changed since it was last asked for. */
import type { Row } from "../../room/column.js";
import { FrameReader, type TableChanges } from "../../room/frame-reader.js";
import type { Tables } from "../../room/hooks.js";

/** Rows by their keys; null for those that are gone. */
type Rows = Record<string, Row | null>;

/** What has changed in a room. */
export interface RoomNews {
  /** The tick that this is as of. */
  readonly tick: number;
  /** These are all rows that there are: what was told before, and is not among them, is gone. So it is at the beginning. */
  readonly full: boolean;
  /** By table, rows that are otherwise. */
  readonly rows: Readonly<Record<string, Readonly<Rows>>>;
  /** What was sent to all who are there. */
  readonly events: readonly { readonly event: string; readonly data: unknown }[];
}

interface About {
  readonly event?: string;
  readonly part?: number;
  readonly more?: boolean;
}

export class RoomNewsReader {
  readonly #state: Tables;
  #frames: FrameReader;
  /** What has come of a frame in parts. */
  #parts: Uint8Array[] = [];
  #rows = new Map<string, Rows>();
  #events: { readonly event: string; readonly data: unknown }[] = [];
  #tick = 0;
  #isFull = false;
  #hasNews = false;

  constructor(state: Tables) {
    this.#state = state;
    this.#frames = new FrameReader(state);
  }

  /**
   * A line, parsed, with its bytes.
   *
   * @throws {FrameError} for a frame that cannot be read
   */
  line(value: unknown, bytes: Uint8Array | undefined): void {
    if (!Array.isArray(value)) {
      // What follows a gap begins anew.
      if ((value as { readonly event?: unknown }).event !== "gap") return;
      this.#frames = new FrameReader(this.#state);
      this.#parts = [];
      return;
    }
    const [, tick, data, about = {}] = value as [number, number, unknown, About?];
    if (bytes !== undefined) return this.#part(tick, bytes, about);
    if (about.event === undefined) return;
    this.#events.push({ event: about.event, data });
    this.#hasNews = true;
  }

  /** What there is to tell; once. Ticks in which nothing has changed are nothing. */
  take(): RoomNews | undefined {
    if (!this.#hasNews) return undefined;
    // Made of entries: a key may be `__proto__`.
    const rows = Object.fromEntries([...this.#rows].map(([table, of]) => [table, of]));
    const news = { tick: this.#tick, full: this.#isFull, rows, events: this.#events };
    this.#rows = new Map();
    this.#events = [];
    this.#isFull = this.#hasNews = false;
    return news;
  }

  #part(tick: number, bytes: Uint8Array, { part = 0, more = false }: About): void {
    if (part === 0) this.#parts = [];
    // A copy: what it is a view into is used again.
    this.#parts.push(bytes.slice());
    if (more) return;
    const [first, ...others] = this.#parts;
    this.#parts = [];
    if (first === undefined) return;
    const frame = this.#frames.read(others.length === 0 ? first : Buffer.concat([first, ...others]), tick);
    this.#tick = tick;
    if (frame.whole) {
      this.#rows = new Map();
      this.#isFull = this.#hasNews = true;
    }
    for (const [table, changes] of Object.entries(frame.tables)) this.#table(table, changes);
  }

  #table(table: string, { leaves, enters, updates }: TableChanges): void {
    let rows = this.#rows.get(table);
    if (rows === undefined) this.#rows.set(table, (rows = Object.create(null) as Rows));
    if (!this.#isFull) for (const key of leaves) rows[key] = null;
    else for (const key of leaves) delete rows[key];
    for (const [key, row] of enters) rows[key] = row;
    for (const [key, row] of updates) rows[key] = row;
    if (leaves.length + enters.size + updates.size > 0) this.#hasNews = true;
  }
}
