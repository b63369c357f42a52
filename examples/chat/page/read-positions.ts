/** How far this user has read each room, kept for the next visit. */

const STORED_AS = "tidemark-chat-read";

export class ReadPositions {
  readonly #storage: Storage;

  constructor(storage: Storage = localStorage) {
    this.#storage = storage;
  }

  /** The offset of the last message read in a room; 0 where nothing was. */
  of(room: string): number {
    const offset = this.#load()[room];
    return typeof offset === "number" && Number.isSafeInteger(offset) && offset > 0 ? offset : 0;
  }

  /** It never goes back. Read anew each time: other tabs write it too. */
  set(room: string, offset: number): void {
    if (offset <= this.of(room)) return;
    try {
      this.#storage.setItem(STORED_AS, JSON.stringify({ ...this.#load(), [room]: offset }));
    } catch {
      // Storage is full or forbidden: then these are unread the next time.
    }
  }

  #load(): Record<string, unknown> {
    try {
      const stored: unknown = JSON.parse(this.#storage.getItem(STORED_AS) ?? "{}");
      return typeof stored === "object" && stored !== null ? { ...stored } : {};
    } catch {
      return {};
    }
  }
}
