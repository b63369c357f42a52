/** Viewers who join while all changes. */
import type { Figures, Scenario } from "../../scenario.js";
import { sleep } from "../../measure.js";
import { DEFLATED, KEYS, TIDEMARK } from "./contenders.js";
import { cpu, settle, type Scene } from "./round.js";
import { inTurn } from "./rounds.js";

const VIEWERS = 200;
const WAYS = [TIDEMARK, DEFLATED] as const;
const CHANGES = { keys: KEYS, perSecond: 20_000, spread: "even" } as const;
/** What the changes alone cost is taken for so long, in seconds. */
const ALONE_S = 2;

export const joins: Scenario = {
  id: "state-joins",
  part: "state",
  title: "Joining in the storm",
  about: () =>
    `${VIEWERS} viewers join at once while ${CHANGES.perSecond.toLocaleString("en")} of ${KEYS.toLocaleString("en")} keys change a second. Each is told the whole map as of one moment, and what follows. A map that ` +
    "was made is given to all who come within the next quarter of a second. CPU is what the server used until the last one had its map, less what the changes alone took before.",
  run: async (context) => {
    const middle = await inTurn(context, "Joins", WAYS, join);
    return {
      rows: [],
      grids: [
        {
          columns: [
            { name: "CPU a join", unit: "µs" },
            { name: "until the last one had its map", unit: "ms" },
            { name: "maps made", unit: "" },
            { name: "bytes a join", unit: "KB" },
          ],
          rows: WAYS.map((way) => ({
            name: way.name,
            values: [
              middle.value(way, "cost"),
              middle.value(way, "time"),
              Math.round(middle.value(way, "firsts")),
              middle.value(way, "bytes") / 1000,
            ],
            spread: middle.spread(way, "cost"),
          })),
        },
      ],
    };
  },
};

async function join(scene: Scene): Promise<Figures> {
  const { running, way, viewers } = scene;
  await running.process.call("begin", CHANGES);
  await sleep(1);
  const alone = await cpu(scene);
  await sleep(ALONE_S);
  const before = await cpu(scene);
  const began = performance.now();
  const group = { name: "all", count: VIEWERS, ...(way.rate !== undefined && { rate: way.rate }) };
  const came = await viewers.call("rush", { port: running.port, protocol: way.protocol, groups: [group] });
  const seconds = (performance.now() - began) / 1000;
  const used = (await cpu(scene)) - before - ((before - alone) / ALONE_S) * seconds;
  const { firsts } = await settle(scene);
  return { cost: used / VIEWERS, time: came.ms, bytes: came.bytes / VIEWERS, firsts };
}
