import { runPlan, type Plan, type Step } from "tidemark/testing";
import { expect, test } from "vitest";

/** What the simulation once found, cut down. docs/reliability.md tells the stories. */
const FOUND: readonly (readonly [about: string, plan: Plan])[] = [
  [
    "M3: a leave that fell into an outage is said again",
    {
      seed: 1,
      nodes: 1,
      clients: 1,
      steps: [
        { at: 2000, do: "longOutage", who: 9, ms: 18_227, size: 0.868 },
        { at: 4000, do: "replace", who: 11, ms: 152, size: 0.629 },
      ],
    },
  ],
  [
    "P22: a copy that lay in a network comes behind what its publisher has gone on to",
    {
      seed: 6082,
      nodes: 1,
      clients: 4,
      broker: "local",
      steps: [
        { at: 2690, do: "burst", who: 1, ms: 122, size: 0.717 },
        { at: 25_814, do: "reopenLast", who: 5, ms: 1528, size: 0.675 },
        { at: 26_240, do: "slowAnswers", who: 9, ms: 2167, size: 0.809 },
        { at: 26_312, do: "cutReader", who: 7, ms: 1027, size: 0.42 },
        { at: 27_218, do: "fullDisk", who: 5, ms: 5290, size: 0.028 },
        { at: 28_224, do: "cutReader", who: 0, ms: 3926, size: 0.924 },
        { at: 28_704, do: "spread", who: 3, ms: 357, size: 0.235 },
        { at: 29_527, do: "narrowLarge", who: 0, ms: 444, size: 0.861 },
        { at: 33_133, do: "cutReader", who: 4, ms: 6, size: 0.861 },
        { at: 35_189, do: "narrowLarge", who: 1, ms: 6588, size: 0.848 },
        { at: 42_766, do: "halfOpen", who: 7, ms: 0, size: 0.453 },
      ],
    },
  ],
  [
    "M14: a join whose answer was lost is taken back",
    {
      seed: 20,
      nodes: 3,
      clients: 5,
      steps: [
        { at: 6493, do: "signal", who: 8, ms: 611, size: 0.136 },
        { at: 6792, do: "signal", who: 6, ms: 478, size: 0.743 },
        { at: 7413, do: "signal", who: 9, ms: 293, size: 0.925 },
        { at: 7434, do: "cutFollower", who: 5, ms: 93, size: 0.928 },
        { at: 7630, do: "resume", who: 11, ms: 1738, size: 0.469 },
        { at: 7657, do: "signal", who: 4, ms: 354, size: 0.029 },
        { at: 7901, do: "reopen", who: 9, ms: 5, size: 0.109 },
        { at: 7952, do: "loseAnswers", who: 10, ms: 7850, size: 0.921 },
        { at: 8157, do: "page", who: 11, ms: 15, size: 0.273 },
        { at: 8255, do: "signal", who: 9, ms: 1067, size: 0.815 },
        { at: 8404, do: "cut", who: 1, ms: 0, size: 0.568 },
        { at: 21_353, do: "attend", who: 6, ms: 927, size: 0.197 },
      ],
    },
  ],
  [
    "P11: unsubscribing does not forget that publishes are under way",
    {
      seed: 51,
      nodes: 2,
      clients: 1,
      steps: [
        { at: 2681, do: "chatter", who: 10, ms: 1543, size: 0.992 },
        { at: 9021, do: "longOutage", who: 11, ms: 13_458, size: 0.823 },
        { at: 10_747, do: "sleepClient", who: 10, ms: 18_465, size: 0.166 },
        { at: 15_031, do: "burst", who: 0, ms: 1101, size: 0.745 },
        { at: 26_536, do: "publish", who: 10, ms: 1641, size: 0.312 },
        { at: 42_784, do: "spread", who: 4, ms: 615, size: 0.105 },
      ],
    },
  ],
  [
    "G3: an error for a publish that the client has given up does no harm",
    {
      seed: 1,
      nodes: 1,
      clients: 1,
      steps: [
        { at: 21_873, do: "longOutage", who: 6, ms: 398, size: 0.935 },
        { at: 22_414, do: "publish", who: 8, ms: 838, size: 0.468 },
        { at: 45_391, do: "longOutage", who: 9, ms: 18_227, size: 0.868 },
        { at: 55_894, do: "signal", who: 1, ms: 3, size: 0.763 },
      ],
    },
  ],
  [
    "S4: a channel that is closed and opened again during a reconnect is subscribed once",
    {
      seed: 8,
      nodes: 1,
      clients: 4,
      steps: [
        { at: 5644, do: "replace", who: 4, ms: 3, size: 0.305 },
        { at: 6521, do: "replace", who: 7, ms: 951, size: 0.09 },
        { at: 6532, do: "publish", who: 9, ms: 264, size: 0.567 },
        { at: 6769, do: "reopenLast", who: 0, ms: 649, size: 0.512 },
        { at: 7403, do: "loseAnswers", who: 4, ms: 5034, size: 0.223 },
        { at: 7453, do: "page", who: 2, ms: 507, size: 0.369 },
        { at: 8012, do: "replace", who: 3, ms: 170, size: 0.393 },
        { at: 8556, do: "reopenLast", who: 3, ms: 5, size: 0.294 },
      ],
    },
  ],
  [
    "F3: a look at a log that keeps nothing does not take an append on its way for lost",
    {
      seed: 7,
      nodes: 4,
      clients: 4,
      steps: Array.from({ length: 40 }, (_, i): Step => {
        return { at: 18_000 + i * 350, do: "chatter", who: i % 4, ms: i % 3, size: 0.011 };
      }),
    },
  ],
  [
    "C2: what is appended while a node looks up the head reaches who subscribed there first",
    {
      seed: 5059,
      nodes: 4,
      clients: 2,
      steps: [
        { at: 2000, do: "page", who: 1, ms: 840, size: 0.998 },
        { at: 2494, do: "signal", who: 7, ms: 1951, size: 0.498 },
        { at: 2664, do: "publish", who: 1, ms: 901, size: 0.637 },
        { at: 4301, do: "page", who: 3, ms: 265, size: 0.115 },
        { at: 4553, do: "signal", who: 8, ms: 1023, size: 0.878 },
        { at: 4780, do: "signal", who: 2, ms: 0, size: 0.265 },
        { at: 4906, do: "chatter", who: 7, ms: 102, size: 0.871 },
        { at: 5440, do: "signal", who: 3, ms: 102, size: 0.459 },
        { at: 5564, do: "signal", who: 5, ms: 36, size: 0.725 },
        { at: 5602, do: "replace", who: 8, ms: 1152, size: 0.822 },
      ],
    },
  ],
  [
    "N25: a request over HTTP whose link is dead is not waited for",
    {
      seed: 5,
      nodes: 1,
      clients: 2,
      steps: [
        { at: 2000, do: "outage", who: 11, ms: 3562, size: 0.748 },
        { at: 2360, do: "signal", who: 1, ms: 1222, size: 0.757 },
        { at: 2760, do: "halfOpen", who: 1, ms: 18, size: 0.14 },
        { at: 4760, do: "spread", who: 1, ms: 80, size: 0.863 },
      ],
    },
  ],
  [
    "K7: a channel that is left while commands come too fast is left, and can be opened again",
    {
      seed: 10,
      nodes: 1,
      clients: 1,
      steps: [
        ...Array.from({ length: 14 }, (_, i): Step => {
          return { at: 3000 + i * 30, do: "burst", who: 0, ms: 29, size: [0.001, 0.002, 0.004][i % 3] ?? 0 };
        }),
        { at: 3400, do: "reopenLast", who: 0, ms: 0, size: 0.003 },
      ],
    },
  ],
  [
    "M4: who changes over to a better way, on a channel without a grace, has left for a moment",
    {
      seed: 6,
      nodes: 4,
      clients: 2,
      steps: [
        { at: 2000, do: "noWebSocket", who: 1, ms: 3000, size: 0.1 },
        { at: 154_870, do: "signal", who: 0, ms: 0, size: 0 },
      ],
    },
  ],
  [
    "F3: a look at a log that keeps nothing waits for the hint of what it saw, however many appends follow",
    {
      seed: 54,
      nodes: 2,
      clients: 2,
      steps: Array.from({ length: 24 }, (_, i): Step => {
        return { at: 18_000 + i * 500, do: "chatter", who: i % 2, ms: 50 + (i % 7) * 5, size: 0.005 };
      }),
    },
  ],
  [
    "P11: what failed behind an earlier one, whose retry is under way, does not hold up that retry",
    {
      kind: "state",
      seed: 3164,
      nodes: 2,
      clients: 6,
      broker: "redis",
      steps: [
        { at: 1170, do: "rollingRestart", who: 0, ms: 670, size: 0.216 },
        { at: 3170, do: "set", who: 10, ms: 102, size: 0.816 },
        { at: 3273, do: "outage", who: 6, ms: 6353, size: 0.804 },
        { at: 3274, do: "set", who: 9, ms: 219, size: 0.688 },
        { at: 5273, do: "set", who: 10, ms: 724, size: 0.577 },
        { at: 5820, do: "set", who: 9, ms: 1130, size: 0.046 },
        { at: 5827, do: "set", who: 0, ms: 368, size: 0.11 },
        { at: 6477, do: "revise", who: 5, ms: 0, size: 0.555 },
        { at: 6721, do: "set", who: 9, ms: 280, size: 0.409 },
        { at: 6957, do: "count", who: 9, ms: 165, size: 0.557 },
        { at: 7564, do: "rejoin", who: 1, ms: 170, size: 0.37 },
      ],
    },
  ],
];

test.each(FOUND)("%s", async (_about, plan) => {
  expect((await runPlan(plan)).violations).toEqual([]);
});
