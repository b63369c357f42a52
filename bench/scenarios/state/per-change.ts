/** What people usually write, a message a change, at a rate at which that can be done. */
import type { Scenario } from "../../scenario.js";
import {
  KEYS,
  SOCKET_IO,
  SOCKET_IO_EACH,
  TIDEMARK,
  UNLIMITED,
  UWS,
  UWS_EACH,
  WS,
  WS_EACH,
  type Way,
} from "./contenders.js";
import { round } from "./round.js";
import { inTurn, lengths, type Middle } from "./rounds.js";
import { AGES, judged, LOAD, loadOf } from "./tables.js";

const PER_SECOND = 1000;
const VIEWERS = 200;
const WAYS = [TIDEMARK, UNLIMITED, SOCKET_IO_EACH, WS_EACH, UWS_EACH, SOCKET_IO, WS, UWS] as const;

export const perChange: Scenario = {
  id: "state-per-change",
  part: "state",
  title: "A message a change: 1,000 changes a second",
  about: () =>
    `The same ${KEYS.toLocaleString("en")} keys and ${VIEWERS} viewers, ${PER_SECOND.toLocaleString("en")} changes a second. What a server does not get done in time it sends later: what ` +
    "reached viewers is the rate that counts there. What Tidemark's application sets within 10 ms is one entry of the log, also where viewers take all as it comes.",
  run: async (context) => {
    const middle = await inTurn(context, "Per change", WAYS, (scene) =>
      round(scene, {
        ...lengths(context.quick),
        changes: { keys: KEYS, perSecond: PER_SECOND, spread: "even" },
        groups: [
          { name: "all", count: VIEWERS, ...(scene.way.rate !== undefined && { rate: scene.way.rate }) },
        ],
      }),
    );
    const ratio = cost(middle, SOCKET_IO_EACH) / cost(middle, TIDEMARK);
    return {
      rows: [],
      grids: [
        {
          columns: [
            ...LOAD,
            { name: "reached viewers", unit: "/s" },
            { name: "CPU a change and viewer", unit: "µs" },
            { name: "a viewer", unit: "KB/s" },
            ...AGES,
          ],
          rows: WAYS.map((way) => ({
            name: way.name,
            values: [
              ...loadOf(middle, way),
              Math.round(reached(middle, way)),
              cost(middle, way),
              middle.value(way, "all bytes") / 1000,
              middle.value(way, "all p50"),
              middle.value(way, "all p99"),
            ],
            spread: middle.spread(way, "cpu"),
          })),
        },
      ],
      verdicts: [
        judged(
          "CPU a change and viewer, 1,000 changes/s: Socket.IO emit per change over Tidemark at rate 20, at least",
          ratio,
          -10,
        ),
      ],
    };
  },
};

/** Changes a second that reached a viewer: where each is a message, as many as there were messages. */
function reached(middle: Middle, way: Way): number {
  const made = middle.value(way, "changes");
  return way.sending === "each" ? Math.min(made, middle.value(way, "all frames")) : made;
}

/** Microseconds of the server a change and viewer. */
export function cost(middle: Middle, way: Way): number {
  return (middle.value(way, "cpu") * 1e6) / (reached(middle, way) * VIEWERS);
}
