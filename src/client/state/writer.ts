import { formatCursor, parseCursor, utf8Length } from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";
import type { ClientHost } from "../host.js";
import { type ReadChange, textOf } from "./change.js";
import { conflictAt, withDetails } from "./conflict.js";
import type { OwnWrite, Values } from "./values.js";

/** So many wait for the map at most. */
const MOST_WAITING = 1000;

/** What a write came to. */
export interface Written {
  /** Its place in the channel's log, `epoch:offset`: a map whose cursor has come there contains it. */
  readonly cursor: string;
  /** Whether nothing changed by it: the keys held these values. */
  readonly same: boolean;
}

/** A write that is on its way, or waits. */
interface Write {
  readonly change: ReadChange;
  readonly own: OwnWrite;
  /** What the keys of its condition were shown to hold when it was made, as JSON. */
  readonly seen: ReadonlyMap<string, string | undefined>;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: TidemarkError) => void;
}

/**
 * Sends a channel's writes, in order, and shows them until they are told. One whose condition names a key that an earlier
 * one changes is sent when that one has been told, since it would be refused for it; and with it all those behind it that have a key
 * in common with it.
 */
export class Writer {
  readonly #host: ClientHost;
  readonly #channel: string;
  readonly #values: Values;
  /** What is shown, or whether some wait, may have changed. */
  readonly #changed: () => void;
  #waiting: readonly Write[] = [];

  constructor(host: ClientHost, channel: string, values: Values, changed: () => void) {
    this.#host = host;
    this.#channel = channel;
    this.#values = values;
    this.#changed = changed;
  }

  /** Whether some wait for the map to go on. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Rejects as `publish` of the host does; with a `ConflictError` where the condition does not hold. */
  write(change: ReadChange): Promise<Written> {
    const values = this.#values;
    if (this.#waiting.length >= MOST_WAITING) {
      const message = `${MOST_WAITING} changes wait for the map to go on`;
      return Promise.reject(new TidemarkError("outbox_full", message, { retry: true }));
    }
    const seen = new Map(change.keys.map((key) => [key, JSON.stringify(values.shown.get(key))]));
    const own = values.add(change.edits);
    return new Promise((resolve, reject) => {
      const write: Write = { change, own, seen, resolve, reject };
      if (this.#mustWait(write, this.#waiting)) this.#waiting = [...this.#waiting, write];
      else this.#send(write);
      this.#changed();
    });
  }

  /** Sends those that need not wait any longer. */
  pump(): void {
    let again: boolean;
    do {
      again = false;
      const waiting: Write[] = [];
      for (const write of this.#waiting) {
        if (this.#mustWait(write, waiting)) waiting.push(write);
        else again = !this.#release(write) || again;
      }
      this.#waiting = waiting;
      // One that was taken back may be what others waited for.
    } while (again && this.isWaiting);
  }

  /** The map will not go on: those that wait for that are given up. */
  giveUp(error: TidemarkError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const write of waiting) this.#refuse(write, error);
  }

  #mustWait({ change, own }: Write, earlier: readonly Write[]): boolean {
    const values = this.#values;
    const { keys, absent, since, edits } = change;
    const conditions = [...keys, ...absent];
    if (keys.length > 0 && since === undefined && !values.cursor) return true;
    if (conditions.some((key) => values.isPending(key, own))) return true;
    return earlier.some((other) => {
      const named = [...other.change.edits.keys(), ...other.change.keys, ...other.change.absent];
      return named.some((key) => edits.has(key) || conditions.includes(key));
    });
  }

  /** Sends one that has waited, unless what it was made for has changed meanwhile; says whether it did. */
  #release(write: Write): boolean {
    const { confirmed, cursor } = this.#values;
    const { keys, since } = write.change;
    const changed =
      since === undefined
        ? keys.filter((key) => JSON.stringify(confirmed.get(key)) !== write.seen.get(key))
        : [];
    if (changed.length === 0 || !cursor) {
      this.#send(write);
      return true;
    }
    const now = new Map(changed.map((key) => [key, confirmed.get(key)]));
    this.#refuse(write, conflictAt(this.#channel, formatCursor(cursor), now));
    return false;
  }

  #send(write: Write): void {
    const { cursor } = this.#values;
    const { change, own } = write;
    const json = textOf(change, change.since ?? (cursor && formatCursor(cursor)));
    const payload = { body: `"data":${json}`, bytes: undefined, size: utf8Length(json) };
    const name = this.#channel;
    this.#host.publish(name, payload, this.#host.number(name)).then(
      (answer) => {
        const { cursor: place = "", same = false } = answer as Partial<Written>;
        const at = parseCursor(place);
        if (at) this.#values.acknowledge(own, at);
        else this.#values.remove(own);
        write.resolve({ cursor: place, same });
        this.#settled();
      },
      (error: TidemarkError) => {
        this.#refuse(write, withDetails(error));
        this.#settled();
      },
    );
  }

  #refuse(write: Write, error: TidemarkError): void {
    this.#values.remove(write.own);
    write.reject(error);
  }

  #settled(): void {
    this.pump();
    this.#changed();
  }
}
