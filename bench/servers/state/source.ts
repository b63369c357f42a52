/** What changes in the benchmarks of `state`: values of many machines, made in the server's own process. */
import { micros, openLoop } from "tidemark/load";
import { seededRandom } from "tidemark/testing";

/** The key whose value is when it was to be set, in microseconds: by it a viewer knows how old what it sees is. */
export const BEACON = "~at";
/** Every so many changes are one of the beacon. */
const BEACON_EVERY = 20;
/** The same changes for each server that is compared. */
const SEED = 20_261_201;

export interface SourceSpec {
  /** How many keys there are beside the beacon. */
  readonly keys: number;
  /** Changes a second. */
  readonly perSecond: number;
  /** Which key is next: each as likely, or by Zipf's law, the first one most often. */
  readonly spread: "even" | "zipf";
}

/** Sets a key; what it returns settles when that is done. */
export type SetValue = (key: string, value: unknown) => void | Promise<unknown>;

/** `host-0000` and on: nine characters, as names of machines have them. */
export function keyAt(index: number): string {
  return `host-${String(index).padStart(4, "0")}`;
}

export class Source {
  /** What each key was set to last. */
  readonly newest = new Map<string, unknown>();
  /** How many changes were made. */
  made = 0;
  readonly #set: SetValue;
  readonly #random = seededRandom(SEED);
  #isOn = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(set: SetValue) {
    this.#set = set;
  }

  /** Gives each key a value; resolves when all of them are set. */
  async fill(keys: number): Promise<void> {
    const all = Array.from({ length: keys }, (_, i) => this.#change(keyAt(i), this.#value()));
    await Promise.all([...all, this.#change(BEACON, micros())]);
  }

  /** Makes changes until {@link end}. */
  begin({ keys, perSecond, spread }: SourceSpec): void {
    const pick = spread === "even" ? () => Math.floor(this.#random.float() * keys) : this.#zipf(keys);
    this.#isOn = true;
    this.#ended = openLoop(
      { rate: perSecond, count: Infinity, running: () => this.#isOn },
      // Of when it was to be made: a server that is late with its changes shows older ones.
      (i, time) =>
        void (i % BEACON_EVERY === 0
          ? this.#change(BEACON, time)
          : this.#change(keyAt(pick()), this.#value())),
    );
  }

  end(): Promise<void> {
    this.#isOn = false;
    return this.#ended;
  }

  /** Hot path. */
  #change(key: string, value: unknown): void | Promise<unknown> {
    this.made++;
    this.newest.set(key, value);
    return this.#set(key, value);
  }

  #value(): { cpu: number } {
    return { cpu: Math.floor(this.#random.float() * 100) / 100 };
  }

  /** Draws from 0 to `count`, the n-th with a weight of 1/n. */
  #zipf(count: number): () => number {
    const sums = new Float64Array(count);
    let sum = 0;
    for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1);
    return () => {
      const at = this.#random.float() * sum;
      let [low, high] = [0, count - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((sums[middle] as number) > at) high = middle;
        else low = middle + 1;
      }
      return low;
    };
  }
}
