/** Viewers who want different rates of one channel. */
import type { Scenario } from "../../scenario.js";
import { DEFLATED, KEYS, TIDEMARK } from "./contenders.js";
import { round } from "./round.js";
import { inTurn, lengths } from "./rounds.js";
import { LOAD, loadOf } from "./tables.js";

const GROUPS = [
  { name: "as they come", count: 50 },
  { name: "20/s", count: 80, rate: 20 },
  { name: "5/s", count: 50, rate: 5 },
  { name: "1/s", count: 20, rate: 1 },
] as const;
const WAYS = [
  { ...TIDEMARK, name: "Tidemark" },
  { ...DEFLATED, name: "Tidemark, deflated" },
] as const;

export const rates: Scenario = {
  id: "state-rates",
  part: "state",
  title: "Mixed rates: 20,000 changes a second",
  about: () =>
    `200 viewers: ${GROUPS.map(({ name, count }) => `${count} ${name}`).join(", ")}. What one of each kind is sent a second. With changes that are as likely for each of ` +
    `${KEYS.toLocaleString("en")} keys a lower rate saves few bytes: most keys have changed between two messages.`,
  run: async (context) => {
    const middle = await inTurn(context, "Rates", WAYS, (scene) =>
      round(scene, {
        ...lengths(context.quick),
        changes: { keys: KEYS, perSecond: 20_000, spread: "even" },
        groups: GROUPS,
      }),
    );
    return {
      rows: [],
      grids: [
        {
          columns: [...LOAD, ...GROUPS.map(({ name }) => ({ name, unit: "KB/s" }))],
          rows: WAYS.map((way) => ({
            name: way.name,
            values: [
              ...loadOf(middle, way),
              ...GROUPS.map(({ name }) => middle.value(way, `${name} bytes`) / 1000),
            ],
            spread: middle.spread(way, "cpu"),
          })),
        },
      ],
    };
  },
};
