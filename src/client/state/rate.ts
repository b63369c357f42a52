import type { TidemarkError } from "../errors.js";
import type { ClientHost } from "../host.js";

/** How often the server tells of a channel: has it be what is wanted, without a new subscription where that can be. */
export class Rate {
  readonly #host: ClientHost;
  readonly #channel: string;
  readonly #again: () => void;
  /** What the server was asked for last. */
  #asked = Infinity;
  #wanted = Infinity;
  /** Whether that can be changed on this connection. */
  #canTune = false;
  #isOn = false;
  #isTuning = false;

  /** @param again has the subscription made anew, from where it is */
  constructor(host: ClientHost, channel: string, again: () => void) {
    this.#host = host;
    this.#channel = channel;
    this.#again = again;
  }

  /** What a subscribe command says of it. */
  options(canTune: boolean, wanted: number): { readonly rate?: number } {
    this.#canTune = canTune;
    this.#wanted = this.#asked = wanted;
    this.#isOn = false;
    return wanted === Infinity ? {} : { rate: wanted };
  }

  on(): void {
    this.#isOn = true;
    this.want(this.#wanted);
  }

  /** The subscription has ended. */
  off(): void {
    this.#isOn = false;
  }

  /** In messages a second: 0 for none, `Infinity` as they come. */
  want(rate: number): void {
    this.#wanted = rate;
    if (!this.#isOn || this.#isTuning || rate === this.#asked) return;
    this.#asked = rate;
    if (this.#canTune) void this.#tune(rate);
    else this.#again();
  }

  async #tune(rate: number): Promise<void> {
    this.#isTuning = true;
    const value = rate === Infinity ? "null" : rate;
    try {
      await this.#host.ask(`"tune":${JSON.stringify(this.#channel)},"rate":${value}`, true);
      // It may have been sent again on a new connection, behind what that asked for.
      this.#asked = rate;
    } catch (error) {
      // What does not come any more would be missed: a new subscription says it too.
      if (this.#isOn && (error as TidemarkError).code !== "closed") this.#again();
    }
    this.#isTuning = false;
    this.want(this.#wanted);
  }
}
