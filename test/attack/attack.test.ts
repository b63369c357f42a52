/** `npm run attack`, a short form of one of its rows: how long things take is not judged where other tests run beside it. */
import { expect, test } from "vitest";
import { ROWS } from "../../bench/attack/rows.js";
import { runAttack } from "../../bench/attack/run.js";
import { judge, type Run } from "../../bench/attack/verdict.js";

const BUILT = new URL("../../build/bench/attack/", import.meta.url).href;
const SHORT = { seconds: 1, calm: 0.5, rest: 0.2, dedupe: 20_000, built: BUILT };

test("A16, K35: what strangers leave unfinished on the echo is bounded, and refuses nothing to others", async () => {
  const run = await runAttack("partial-echo", SHORT);
  expect(run.before.length).toBeGreaterThan(0);
  expect(run.newcomers).toHaveLength(20);
  const { problems } = judge("partial-echo", ROWS["partial-echo"], [run]);
  expect(problems.filter((problem) => !problem.startsWith("p99 "))).toEqual([]);
}, 60_000);

const MB = 1024 * 1024;
const memory = (heap: number): { heap: number; external: number } => ({ heap: heap * MB, external: 2 * MB });
const calm: Run = {
  before: [1, 2, 3],
  meanwhile: [1, 2, 20],
  refused: [],
  newcomers: Array.from({ length: 20 }, () => 100),
  memory: [memory(20), memory(30), memory(25)],
  keys: [1, 2],
  counted: { frames: 3, bytes: 0 },
  busy: 0.5,
  pause: 0,
  pace: 1,
};
const row = { what: "an attack", bound: { bytes: 16 * MB, formula: "16 MiB" }, keys: 4 };

test("a run in which nothing was too much holds", () => {
  expect(judge("x", row, [calm])).toMatchObject({ problems: [], counted: "frames 3", p99: [3, 20] });
});

test.each<readonly [string, Partial<Run>, string]>([
  ["latency", { meanwhile: [1, 2, 30] }, "p99 30 ms, above 23"],
  ["a refusal", { refused: ["unavailable: full"] }, "1 refused to the good client: unavailable: full"],
  [
    "late newcomers",
    { newcomers: [...Array<number>(18).fill(1), 6000, 7000] },
    "2 of 20 newcomers later than 5 s",
  ],
  ["memory", { memory: [memory(20), memory(40), memory(20)] }, "20.0 MB held, above 16.0"],
  ["memory that stays", { memory: [memory(20), memory(30), memory(31)] }, "11.0 MB held afterwards"],
  ["keys that stay", { keys: [1, 9] }, "8 keys left in Redis, above 4"],
])("%s that is too much is told", (_, change, problem) => {
  expect(judge("x", row, [{ ...calm, ...change }]).problems).toEqual([problem]);
});

test("of three runs the one in the middle counts, and every refusal", () => {
  const bad: Run = { ...calm, meanwhile: [500], memory: [memory(20), memory(90), memory(90)] };
  expect(judge("x", row, [calm, bad, calm]).problems).toEqual([]);
  expect(judge("x", row, [calm, bad, bad]).problems).toHaveLength(3);
  expect(judge("x", row, [calm, calm, { ...calm, refused: ["no"] }]).problems).toHaveLength(1);
});
