/**
 * How many reads of logs a node has under way at once. Each brings a message at least, however large that one is: so what all of
 * them bring together has a bound.
 */

/** What they may bring together, in bytes. */
const MOST_BYTES = 64 * 1024 * 1024;
/** So many always are. */
const LEAST = 4;

export class ReadLimit {
  readonly #most: number;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param largest bytes of a message, at most */
  constructor(largest: number) {
    this.#most = Math.max(LEAST, Math.floor(MOST_BYTES / largest));
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
