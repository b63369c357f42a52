/**
 * How many reads of logs a node has under way at once. Each brings a message at least, however large that one is: so what all of
 * them bring together has a bound.
 */

/** What reads may bring together, in bytes, so many reads always being allowed. */
interface Most {
  readonly bytes: number;
  readonly least: number;
}

const FIRST: Most = { bytes: 64 * 1024 * 1024, least: 4 };
const AGAIN: Most = { bytes: 16 * 1024 * 1024, least: 1 };

/** The reads of a node. */
export class Reads {
  /** Of what somebody asks for. */
  readonly first: ReadLimit;
  /** For the rest of a message that has gone from memory. They keep nobody else waiting: slow readers may cause any number. */
  readonly again: ReadLimit;
  /** Of what some slots hold, whatever it is asked for. */
  readonly slots: ReadLimit = readsOfSlots();

  /** @param largest bytes of a message, at most */
  constructor(largest: number) {
    this.first = new ReadLimit(largest, FIRST);
    this.again = new ReadLimit(largest, AGAIN);
  }
}

/** What a thousand slots may hold together, in bytes: nobody asks for as much without trying. */
const SLOTS_BYTES = 8 * 1024 * 1024;

/** Reads of some slots, of which each may bring a thousand. */
export function readsOfSlots(): ReadLimit {
  return new ReadLimit(SLOTS_BYTES, FIRST);
}

export class ReadLimit {
  readonly #most: number;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(largest: number, { bytes, least }: Most) {
    this.#most = Math.max(least, Math.floor(bytes / largest));
  }

  /** Reads now, or when so many others have ended that there is room, in the order of asking. */
  run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#underWay < this.#most) {
      this.#underWay++;
      return this.#start(read);
    }
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#start(read));
  }

  #start<T>(read: () => Promise<T>): Promise<T> {
    const ended = (): void => this.#ended();
    try {
      const reading = read();
      reading.then(ended, ended);
      return reading;
    } catch (error) {
      ended();
      throw error;
    }
  }

  #ended(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay--;
    else next();
  }
}
