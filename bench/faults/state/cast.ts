/** Who writes to a channel of keys and looks at it in a scenario, in processes; and what became of that. */
import { Remote } from "../../lib/remote.js";
import type { Scene } from "../scene.js";
import type { Row } from "../verdict.js";
import type { StateCrowd } from "./crowd.js";
import type { Ledger } from "./writer.js";

const WRITERS = 4;
/** How long stragglers have, in milliseconds. */
const PATIENCE_MS = 60_000;
/** In which viewers are looked at after a fault, in milliseconds. */
const WINDOW_MS = 15_000;

export interface Expected {
  /** Acknowledged changes that the fault may lose: then every viewer is told of a gap. */
  readonly mayLose: boolean;
  /** Since when viewers are looked at, in milliseconds since 1970. */
  readonly from: number;
  /** The crowd whose viewers are; all where it is left out. */
  readonly only?: number;
}

export class Cast {
  readonly #scene: Scene;
  readonly #crowds: Remote<StateCrowd>[] = [];
  /** What those wrote whose processes are gone. */
  readonly #left: Ledger[] = [];
  #started = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A process with viewers and writers. */
  async crowd(url: string): Promise<Remote<StateCrowd>> {
    const crowd = await this.#start(url, this.#scene.settings.clients, WRITERS);
    this.#crowds.push(crowd);
    return crowd;
  }

  /** A process with nobody but writers, which write; it is killed by what is returned, in the middle of that. */
  async mortals(url: string): Promise<() => Promise<void>> {
    const crowd = await this.#start(url, 0, WRITERS);
    await crowd.call("write", this.#scene.settings.rate);
    return async () => {
      this.#left.push(...(await crowd.call("freeze")));
      crowd.kill();
    };
  }

  /** All crowds write. */
  async write(): Promise<void> {
    for (const crowd of this.#crowds) await crowd.call("write", this.#scene.settings.rate);
  }

  /** Nobody writes any more, everything is answered, and everybody has what is there; else how many have not. */
  async settle(): Promise<number> {
    const heads = await Promise.all(this.#crowds.map((crowd) => crowd.call("rest")));
    const head = Math.max(...heads);
    const behind = await Promise.all(
      this.#crowds.map((crowd) => crowd.call("settled", { head, patience: PATIENCE_MS })),
    );
    return behind.reduce((sum, count) => sum + count, 0);
  }

  /** Judges everything, at rest, by what the log holds. */
  async judge(
    truth: ReadonlyMap<string, unknown>,
    behind: number,
    { mayLose, from, only }: Expected,
  ): Promise<Omit<Row, "fault" | "settings">> {
    await Promise.all(this.#crowds.map((crowd) => crowd.call("compare", [...truth])));
    const accounts = await Promise.all(this.#crowds.map((crowd) => crowd.call("account")));
    const present = await Promise.all(this.#crowds.map((crowd) => crowd.call("ledgers")));
    const ledgers = [...present.flat(), ...this.#left];
    const looked = this.#crowds.filter((_, i) => only === undefined || i === only);
    const pauses = await Promise.all(
      looked.map((crowd) => crowd.call("pauses", { from, window: WINDOW_MS })),
    );
    const missing = ledgers.flatMap(({ there }) => there.filter((key) => !truth.has(key)));
    const ghosts = ledgers.flatMap(({ gone }) => gone.filter((key) => truth.has(key)));
    const lost = missing.length + ghosts.length;
    const rates = accounts.flatMap(({ perSecond }) => perSecond).toSorted((a, b) => a - b);
    const gaps = accounts.flatMap((account) => account.gaps);
    const untold = gaps.filter((reasons) => reasons.length === 0).length;
    // Behind a failover nothing is missing.
    const told = gaps.filter((reasons) => reasons.some((reason) => reason !== "failover")).length;
    this.#tell(rates, ledgers, accounts);
    return {
      acknowledged: ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
      lost,
      duplicated: accounts.reduce((sum, { backwards }) => sum + backwards, 0),
      undeclared: accounts.reduce((sum, { wrong }) => sum + wrong, 0),
      recoveries: pauses.flat(),
      problems: [
        ...accounts.flatMap(({ problems }) => problems),
        ...(behind > 0 ? [`${behind} viewers did not come to the end of the log`] : []),
        ...(rates[0] === 0 ? ["a viewer was shown nothing"] : []),
        ...(lost > 0 && !mayLose
          ? [
              `the log lacks ${missing.join(", ")} and has ${ghosts.join(", ")}, which was acknowledged otherwise`,
            ]
          : []),
        ...(mayLose && untold > 0 ? [`${untold} viewers were told of no gap`] : []),
        ...(!mayLose && told > 0 ? [`${told} viewers were told of gaps, although nothing was lost`] : []),
      ],
    };
  }

  async #start(url: string, viewers: number, writers: number): Promise<Remote<StateCrowd>> {
    const { built, seed } = this.#scene.settings;
    const crowd = await Remote.start<StateCrowd>("state/crowd.js", built);
    this.#scene.onEnd(() => crowd.kill());
    const name = String(this.#started++);
    await crowd.call("join", { url, viewers, writers, name, seed: seed + this.#started });
    return crowd;
  }

  #tell(
    rates: readonly number[],
    ledgers: readonly Ledger[],
    accounts: readonly { readonly gaps: readonly (readonly string[])[] }[],
  ): void {
    const { say } = this.#scene.settings;
    const at = (share: number): string => (rates[Math.floor((rates.length - 1) * share)] ?? 0).toFixed(1);
    say(`viewers applied ${at(0)} to ${at(1)} keys a second, half of them ${at(0.5)} or more`);
    say(`refused: ${counted(ledgers.flatMap(({ refusals }) => Object.entries(refusals)))}`);
    const gaps = accounts.flatMap((account) => account.gaps.flat());
    say(`gaps: ${counted(gaps.map((reason) => [reason, 1] as const))}`);
  }
}

function counted(pairs: readonly (readonly [string, number])[]): string {
  const sums = new Map<string, number>();
  for (const [name, count] of pairs) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums].map(([name, count]) => `${count} ${name}`).join(", ") || "none";
}
