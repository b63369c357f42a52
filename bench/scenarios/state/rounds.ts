/** Rounds of several ways in turn, and the medians of what they came to. */
import type { Viewers } from "../../generator/viewers/main.js";
import { GENERATOR_CORE } from "../../lib/cores.js";
import { Remote } from "../../lib/remote.js";
import { median, spread } from "../../lib/statistics.js";
import type { Context, Figures } from "../../scenario.js";
import { Servers, type Way } from "./contenders.js";
import type { Scene } from "./round.js";

const ROUNDS = 5;

/** Medians over the rounds, by way and figure. */
export interface Middle {
  value(way: Way, figure: string): number;
  /** How far rounds were apart: half the range, relative to the median. */
  spread(way: Way, figure: string): number;
}

/** How long a round is: a quick one is for trying it out. */
export function lengths(quick: boolean): { readonly warmUp: number; readonly seconds: number } {
  return quick ? { warmUp: 0.7, seconds: 0.8 } : { warmUp: 2, seconds: 5 };
}

/** Runs `one` for each way in turn; the one that is first changes from round to round. */
export async function inTurn(
  { quick, say }: Context,
  title: string,
  ways: readonly Way[],
  one: (scene: Scene) => Promise<Figures>,
): Promise<Middle> {
  const rounds = quick ? 1 : ROUNDS;
  const all = new Map<Way, Figures[]>(ways.map((way) => [way, []]));
  const servers = await Servers.start(ways);
  const viewers = await startViewers();
  try {
    for (let i = 0; i < rounds; i++) {
      for (let j = 0; j < ways.length; j++) {
        const way = ways[(i + j) % ways.length] as Way;
        say(`${title}: round ${i + 1} of ${rounds}, ${way.name}`);
        all.get(way)?.push(await one({ running: servers.of(way), way, viewers }));
      }
    }
  } finally {
    await Promise.all([servers.stop(), viewers.stop()]);
  }
  return middleOf(all);
}

export function startViewers(): Promise<Remote<Viewers>> {
  return Remote.start<Viewers>("../../generator/viewers/main.js", import.meta.url, { core: GENERATOR_CORE });
}

export function middleOf(all: ReadonlyMap<Way, readonly Figures[]>): Middle {
  const list = (way: Way, figure: string): number[] =>
    (all.get(way) ?? []).map((figures) => figures[figure] ?? NaN).filter(Number.isFinite);
  return {
    value: (way, figure) => median(list(way, figure)),
    spread: (way, figure) => (list(way, figure).length === 0 ? 0 : spread(list(way, figure))),
  };
}
