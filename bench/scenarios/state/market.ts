/** 10,000 keys that change 20,000 times a second, and 200 viewers. */
import type { Verdict } from "../../verdict.js";
import type { Scenario } from "../../scenario.js";
import { DEFLATED, KEYS, SOCKET_IO, TIDEMARK, UWS, WS, WS_DEFLATED, type Way } from "./contenders.js";
import { round } from "./round.js";
import { inTurn, lengths, type Middle } from "./rounds.js";
import { AGES, judged, LOAD, loadOf } from "./tables.js";

const PER_SECOND = 20_000;
const VIEWERS = 200;
const WAYS = [TIDEMARK, DEFLATED, SOCKET_IO, WS, WS_DEFLATED, UWS] as const;

export const market: Scenario = {
  id: "state-market",
  part: "state",
  title: "A market: 20,000 changes a second",
  about: () =>
    `${KEYS.toLocaleString("en")} keys with values such as \`{"cpu":0.42}\`, of which ${PER_SECOND.toLocaleString("en")} a second are set in the server's process, each as likely, and ` +
    `${VIEWERS} viewers who want at most 20 messages a second. The others are written by somebody who cares: changes are gathered for 50 ms, and only the ` +
    "newest value of each key is sent, in one message that is made once. They tell a newcomer nothing, keep no log, and do not wait for anybody who is slow.",
  run: async (context) => {
    const middle = await inTurn(context, "Market", WAYS, (scene) =>
      round(scene, {
        ...lengths(context.quick),
        changes: { keys: KEYS, perSecond: PER_SECOND, spread: "even" },
        groups: [
          { name: "all", count: VIEWERS, ...(scene.way.rate !== undefined && { rate: scene.way.rate }) },
        ],
      }),
    );
    return {
      rows: [],
      grids: [
        {
          columns: [
            ...LOAD,
            { name: "CPU a viewer and second", unit: "µs" },
            { name: "a viewer", unit: "KB/s" },
            ...AGES,
          ],
          rows: WAYS.map((way) => ({
            name: way.name,
            values: [
              ...loadOf(middle, way),
              (middle.value(way, "cpu") * 1e6) / VIEWERS,
              middle.value(way, "all bytes") / 1000,
              middle.value(way, "all p50"),
              middle.value(way, "all p99"),
            ],
            spread: middle.spread(way, "cpu"),
          })),
        },
      ],
      verdicts: verdicts(middle),
    };
  },
};

export function verdicts(middle: Middle): Verdict[] {
  const cpu = (way: Way): number => middle.value(way, "cpu");
  const bytes = (way: Way): number => middle.value(way, "all bytes");
  return [
    judged(
      "bytes a viewer, 20,000 changes/s: batched Socket.IO over Tidemark, at least",
      bytes(SOCKET_IO) / bytes(DEFLATED),
      -5,
    ),
    judged(
      "CPU, 20,000 changes/s: Tidemark deflated over batched Socket.IO, at most",
      cpu(DEFLATED) / cpu(SOCKET_IO),
      0.8,
    ),
    judged(
      "CPU, 20,000 changes/s: Tidemark deflated over batched uWebSockets.js, at most (1.05 is the aim)",
      cpu(DEFLATED) / cpu(UWS),
      1.15,
    ),
    judged(
      "CPU, 20,000 changes/s: Tidemark plain over batched Socket.IO, at most",
      cpu(TIDEMARK) / cpu(SOCKET_IO),
      0.8,
    ),
    judged(
      "CPU, 20,000 changes/s: Tidemark plain over batched uWebSockets.js, at most (1.05 is the aim)",
      cpu(TIDEMARK) / cpu(UWS),
      1.15,
    ),
  ];
}
