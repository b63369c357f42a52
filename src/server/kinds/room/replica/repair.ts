import type { Clock, Timer } from "../../../../protocol/index.js";
import type { Request } from "../messages.js";

/** How long a keyframe is waited for before it is asked for again, in milliseconds. */
export const KEYFRAME_MS = 250;
/** So often in a row; then it seems that nobody is there, and it is waited longer. */
const MOST_AT_ONCE = 8;
const LONG_MS = 2000;

export interface RepairDeps {
  readonly clock: Clock;
  /** Begins the names of its requests: nobody else has it. */
  readonly name: string;
  /** There is something to send. */
  readonly soon: () => void;
}

/** Asks a room's owner for a keyframe, one at a time, until there is one. */
export class Repair {
  readonly #deps: RepairDeps;
  #number = 0;
  #tries = 0;
  /** What is asked for; undefined: nothing is missing. */
  #request: Request | undefined;
  #isDue = false;
  #timer: Timer;

  constructor(deps: RepairDeps) {
    this.#deps = deps;
  }

  /** Something is missing, or nothing is any more. */
  want(isMissing: boolean): void {
    if (isMissing === (this.#request !== undefined)) return;
    this.#deps.clock.clearTimeout(this.#timer);
    this.#request = undefined;
    this.#isDue = false;
    this.#tries = 0;
    if (isMissing) this.#ask();
  }

  /** What is to be sent now, if anything is. */
  due(): Request | undefined {
    if (!this.#isDue) return undefined;
    this.#isDue = false;
    return this.#request;
  }

  #ask(): void {
    const { clock, name, soon } = this.#deps;
    // Each time by another name: the answer is the room as it is then.
    this.#request = { id: `${name}.k${++this.#number}`, ask: { is: "keyframe" } };
    this.#isDue = true;
    this.#timer = clock.setTimeout(() => this.#ask(), ++this.#tries < MOST_AT_ONCE ? KEYFRAME_MS : LONG_MS);
    soon();
  }
}
