import type { MessageFrame } from "../../protocol/index.js";

/** What a line of a channel of keys says besides keys and values. */
interface StateMeta {
  readonly del?: readonly string[];
  readonly part?: number;
  readonly more?: boolean;
  readonly merged?: number;
}

/** A message that is whole. */
export interface Told {
  /** Keys and their values, one after the other. */
  readonly set: readonly unknown[];
  readonly gone: readonly string[];
  /** How many changes it stands for. */
  readonly merged: number;
}

/** Puts the messages of a channel together, which may come in parts. */
export class Assembly {
  #set: unknown[] = [];
  #gone: string[] = [];
  #count = 0;
  #offset = 0;

  /** Whether some of a message is here, and not all. */
  get isMiddle(): boolean {
    return this.#count > 0;
  }

  /**
   * Takes a line; returns the message where it is the last one of it. Part 0 begins anew, whatever there was.
   *
   * @throws {Error} where it is not the part that has to come next
   */
  take([, offset, data, meta]: MessageFrame): Told | undefined {
    const { del = [], part = 0, more = false, merged } = (meta ?? {}) as StateMeta;
    if (part === 0) {
      this.drop();
      this.#offset = offset;
    }
    if (part !== this.#count || offset !== this.#offset)
      throw new Error(`part ${part} of ${offset} is not the next one`);
    this.#count++;
    for (const item of (data ?? []) as readonly unknown[]) this.#set.push(item);
    for (const key of del) this.#gone.push(key);
    if (more) return undefined;
    const [set, gone] = [this.#set, this.#gone];
    this.drop();
    return { set, gone, merged: merged ?? set.length / 2 + gone.length };
  }

  /** What has come is nothing: the message comes again, whole. */
  drop(): void {
    this.#set = [];
    this.#gone = [];
    this.#count = 0;
  }
}
