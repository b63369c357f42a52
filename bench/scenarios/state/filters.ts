/** Viewers who want keys of their own. */
import type { GroupSpec } from "../../generator/viewers/crowd.js";
import type { Scenario } from "../../scenario.js";
import { KEYS, TIDEMARK, type Way } from "./contenders.js";
import { round } from "./round.js";
import { inTurn, lengths } from "./rounds.js";
import { LOAD, loadOf } from "./tables.js";

const VIEWERS = 200;
const EACH = 50;
const FILTERED: Way = { ...TIDEMARK, name: `Tidemark, ${VIEWERS} viewers with ${EACH} keys each` };
const ALONE: Way = { ...TIDEMARK, name: "Tidemark, the changes alone" };
const WAYS = [ALONE, FILTERED] as const;

export const filters: Scenario = {
  id: "state-filters",
  part: "state",
  title: "All filters different: 20,000 changes a second",
  about: () =>
    `${VIEWERS} viewers with ${EACH} keys of their own each, at most 20 messages a second; each message is made for one viewer. Beside it the same changes with ` +
    "one viewer of one key: what the viewers cost is the difference, which is mostly writing to sockets.",
  run: async (context) => {
    const middle = await inTurn(context, "Filters", WAYS, (scene) => {
      const group: GroupSpec =
        scene.way === ALONE
          ? { name: "all", count: 1, rate: 1, keysEach: 1 }
          : { name: "all", count: VIEWERS, rate: 20, keysEach: EACH };
      return round(scene, {
        ...lengths(context.quick),
        changes: { keys: KEYS, perSecond: 20_000, spread: "even" },
        groups: [group],
      });
    });
    return {
      rows: [],
      grids: [
        {
          columns: [...LOAD, { name: "messages", unit: "/s" }, { name: "a viewer", unit: "KB/s" }],
          rows: WAYS.map((way) => ({
            name: way.name,
            values: [
              ...loadOf(middle, way),
              Math.round(middle.value(way, "all frames") * middle.value(way, "viewers")),
              middle.value(way, "all bytes") / 1000,
            ],
            spread: middle.spread(way, "cpu"),
          })),
        },
      ],
    };
  },
};
