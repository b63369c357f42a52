/** A node's way to the broker, that of the simulation, with what is wrong with it as fields. */
import { SimBroker } from "../../../../src/testing/sim/broker.js";
import type { BrokerSite } from "../../../../src/testing/sim/broker-site.js";
import type { BrokerCommand, BrokerTrouble } from "../../../../src/testing/sim/broker-troubles.js";
import type { SimProcess } from "../../../../src/testing/sim/process.js";

export class Way {
  readonly broker: SimBroker;
  readonly #ends = new Map<BrokerTrouble, () => void>();

  constructor(site: BrokerSite, process: SimProcess, id: string) {
    this.broker = new SimBroker(site, process, { id, isMailLossy: true });
  }

  /** Nothing gets through. */
  get isCut(): boolean {
    return this.#ends.has("cut");
  }
  set isCut(isSo: boolean) {
    this.#set("cut", isSo);
  }

  /** It is told nothing by itself: no signal, no hint, no text. */
  get isDeaf(): boolean {
    return this.#ends.has("deaf");
  }
  set isDeaf(isSo: boolean) {
    this.#set("deaf", isSo);
  }

  /** What it says reaches nobody. */
  get isMute(): boolean {
    return this.#ends.has("mute");
  }
  set isMute(isSo: boolean) {
    this.#set("mute", isSo);
  }

  /** Milliseconds from one end to the other, beyond one. */
  set latency(ms: number) {
    this.broker.script.latency = ms - 1;
  }

  /** How much later a command arrives than it should, in milliseconds. */
  set late(late: (command: BrokerCommand) => number) {
    this.broker.script.late = late;
  }

  /** Whether an answer gets lost, and its caller waits in vain. */
  set losesAnswer(loses: (command: BrokerCommand) => boolean) {
    this.broker.script.losesAnswer = loses;
  }

  #set(trouble: BrokerTrouble, isSo: boolean): void {
    if (isSo === this.#ends.has(trouble)) return;
    this.#ends.get(trouble)?.();
    this.#ends.delete(trouble);
    if (isSo) this.#ends.set(trouble, this.broker.trouble.begin(trouble, 1));
  }
}
