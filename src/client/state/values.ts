/**
 * What a channel holds: as the server has told it, and as it is shown, which is that with the client's own writes over it
 * until they are part of what the server tells.
 */
import type { Cursor } from "../../protocol/index.js";
import type { Edit } from "./change.js";

/** A write of this client's own, which is shown over what the server has told. */
export interface OwnWrite {
  readonly edits: ReadonlyMap<string, Edit>;
  /** Where in the log it is, once that is known. */
  place?: Cursor;
}

/** What has changed of what is shown. */
export interface Shown {
  readonly changed: ReadonlySet<string>;
  /** Whether all of it was told anew. */
  readonly full: boolean;
}

export class Values {
  /** As it is at {@link cursor}. */
  readonly confirmed = new Map<string, unknown>();
  /** With own writes over it. A key stands where it stood first. */
  readonly shown = new Map<string, unknown>();
  /** The place that the server has told all of. */
  cursor: Cursor | undefined;
  /** Own writes that are not told yet, in their order. */
  #own: OwnWrite[] = [];
  #changed = new Set<string>();
  #full = false;
  /** Logs that it has been in and has left: what was written there is told, or lost. */
  readonly #left = new Set<string>();

  /** @param anew whether this is all there is */
  apply(set: readonly unknown[], gone: readonly string[], anew: boolean, cursor: Cursor | undefined): void {
    const { confirmed } = this;
    const touched = new Set(gone);
    const stale = new Set(anew ? confirmed.keys() : gone);
    for (let i = 0; i + 1 < set.length; i += 2) {
      const key = String(set[i]);
      // Of what is told anew most is as it was.
      confirmed.set(key, anew ? oneOf(confirmed.get(key), set[i + 1]) : set[i + 1]);
      touched.add(key);
      stale.delete(key);
    }
    for (const key of stale) {
      confirmed.delete(key);
      touched.add(key);
    }
    this.#full ||= anew;
    this.#moveTo(cursor);
    this.#settle(anew, touched);
  }

  /** The log goes on elsewhere: what was written in another one is not waited for any longer. */
  gap(cursor: Cursor): void {
    if (cursor.offset > 0) this.#moveTo(cursor);
    else {
      // At its beginning nothing is told yet: what is shown is of where it was, also what was told anew before.
      if (this.cursor && this.cursor.epoch !== cursor.epoch) this.#left.add(this.cursor.epoch);
      this.#full = false;
    }
    this.#drop(({ place }) => place !== undefined && place.epoch !== cursor.epoch, new Set());
  }

  /** Shows a write from now on. */
  add(edits: ReadonlyMap<string, Edit>): OwnWrite {
    const own: OwnWrite = { edits };
    this.#own.push(own);
    this.#refresh(edits.keys());
    return own;
  }

  /** A write is in the log, and is shown until what is told has come there. */
  acknowledge(own: OwnWrite, place: Cursor): void {
    own.place = place;
    this.#settle(false, new Set());
  }

  /** Takes a write back. */
  remove(own: OwnWrite): void {
    this.#drop((other) => other === own, new Set());
  }

  /** Whether a write that is not told yet changes the key; of those before this one, where there is one given. */
  isPending(key: string, before?: OwnWrite): boolean {
    const own = before ? this.#own.slice(0, this.#own.indexOf(before)) : this.#own;
    return own.some(({ edits }) => edits.has(key));
  }

  /** What has changed since it was asked for last. */
  take(): Shown | undefined {
    const shown: Shown = { changed: this.#changed, full: this.#full };
    if (shown.changed.size === 0 && !shown.full) return undefined;
    this.#changed = new Set();
    this.#full = false;
    return shown;
  }

  #moveTo(cursor: Cursor | undefined): void {
    if (this.cursor && this.cursor.epoch !== cursor?.epoch) this.#left.add(this.cursor.epoch);
    this.cursor = cursor;
  }

  /** Ends the writes that are part of what was told, or will never be; `touched` are other keys that may have changed. */
  #settle(anew: boolean, touched: Set<string>): void {
    const { cursor } = this;
    this.#drop(({ place }) => {
      if (!place || !cursor) return false;
      if (place.epoch === cursor.epoch) return place.offset <= cursor.offset;
      return anew || this.#left.has(place.epoch);
    }, touched);
  }

  #drop(ended: (own: OwnWrite) => boolean, touched: Set<string>): void {
    this.#own = this.#own.filter((own) => {
      if (!ended(own)) return true;
      for (const key of own.edits.keys()) {
        touched.add(key);
        // A write that has come back as it was shown is no change.
        if (this.confirmed.has(key))
          this.confirmed.set(key, oneOf(this.shown.get(key), this.confirmed.get(key)));
      }
      return false;
    });
    this.#refresh(touched);
  }

  #refresh(keys: Iterable<string>): void {
    const { confirmed, shown } = this;
    for (const key of keys) {
      let value = confirmed.get(key);
      for (const { edits } of this.#own) {
        const edit = edits.get(key);
        if (edit) value = edit(value);
      }
      if (Object.is(value, shown.get(key))) continue;
      this.#changed.add(key);
      if (value === undefined) shown.delete(key);
      else shown.set(key, value);
    }
  }
}

/** The same object as before where it is the same value: who looks at objects need not look again. */
function oneOf(before: unknown, value: unknown): unknown {
  const isSame = typeof value === "object" && JSON.stringify(before) === JSON.stringify(value);
  return isSame ? before : value;
}
