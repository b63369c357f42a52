import { describe, expect, test } from "vitest";
import { decodeEntry, encodeEntry } from "../../../src/server/kinds/room/run/entries.js";
import { verifyTick } from "../../../src/server/kinds/room/run/verify.js";
import { globalsGuard } from "../../../src/server/kinds/room/run/real-guard.js";
import { Run } from "../../../src/server/kinds/room/run/run.js";
import { table, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { seededRandom } from "../../../src/testing/seeded-random.js";
import { Chaos, programOf } from "./programs.js";
import { codeOf, joins, runOf } from "./support.js";

const TICKS = 100;
const FIRST = Number(process.env["SEED"] ?? 1);
const SEEDS = Array.from({ length: 6 }, (_, at) => FIRST + at);
const STRICT = { guard: globalsGuard, strict: true };

/** Whether they are the same to the last bit: a matcher would take a second to look at this many bytes. */
function isSame(one: Run, other: Run): boolean {
  return Buffer.compare(one.checkpoint(), other.checkpoint()) === 0;
}

function restored(from: Uint8Array): Run {
  return new Run(Chaos.def, { from }, STRICT);
}

describe("R31: the same inputs make the same room", () => {
  test.each(SEEDS)("R31: twice, tick by tick, to the last bit (seed %i)", (seed) => {
    const [one, other] = [runOf(Chaos, seed), runOf(Chaos, seed)];
    const second = programOf(seed, TICKS);
    for (const [at, entered] of programOf(seed, TICKS).entries()) {
      one.step(entered);
      other.step(second[at]);
    }
    expect(isSame(one, other)).toBe(true);
    expect(one.state["marks"]?.size).toBeGreaterThan(0);
  });

  test.each(SEEDS)("R11: a checkpoint and what entered since is the whole (seed %i)", (seed) => {
    const random = seededRandom(seed);
    const whole = runOf(Chaos, seed);
    let other = runOf(Chaos, seed);
    let thrown = 0;
    for (const entered of programOf(seed, TICKS)) {
      const { entry, threw } = whole.step(entered);
      thrown += threw.length;
      // What goes through the log is what the other one knows.
      other.step(entry === undefined ? [] : decodeEntry(encodeEntry(entry)).entered);
      if (random.float() < 0.2) other = restored(other.checkpoint());
      expect(isSame(other, whole)).toBe(true);
    }
    expect(thrown).toBeGreaterThan(3);
  });

  test.each(SEEDS)(
    "R11: a room that is made again from a checkpoint has the same checkpoint (seed %i)",
    (seed) => {
      const run = runOf(Chaos, seed);
      for (const entered of programOf(seed, TICKS)) {
        run.step(entered);
        if (run.tick % 5 > 0) continue;
        for (const past of [true, false]) {
          const bytes = run.checkpoint({ past });
          expect(Buffer.compare(restored(bytes).checkpoint({ past }), bytes)).toBe(0);
        }
      }
    },
  );

  test("R31: another seed makes another room", () => {
    expect(runOf(Chaos, 1).checkpoint()).not.toEqual(runOf(Chaos, 2).checkpoint());
  });

  test("R13: a log of entries from a checkpoint on makes the room again", () => {
    const seed = FIRST;
    const run = runOf(Chaos, seed);
    const program = programOf(seed, TICKS);
    for (const entered of program.slice(0, 60)) run.step(entered);
    const next = restored(run.checkpoint());
    const log = program.slice(60).flatMap((entered) => run.step(entered).entry ?? []);
    const entries = new Map(log.map((entry) => [entry.tick, entry]));
    while (next.tick < run.tick) next.step(entries.get(next.tick + 1)?.entered);
    expect(isSame(next, run)).toBe(true);
  });
});

describe("R31: a tick that is made twice finds what is kept outside of the room", () => {
  const shape = room({ state: { rows: table({ n: u32 }) } });

  test("R31: and says which value is not the same", () => {
    let kept = 0;
    const leaky = shape.code({ tick: (r) => void r.state.rows.set("a", { n: ++kept }) });
    const run = runOf(leaky);
    const before = run.checkpoint();
    run.step();
    const verify = (): void => verifyTick(leaky.def, run, { before, entered: [] });
    expect(codeOf(verify)).toBe("diverged");
    expect(verify).toThrow(/n of a in rows is \d+, and was 1/);
  });

  test("R31: and is quiet about a room that keeps all in its state", () => {
    const run = runOf(Chaos);
    for (const entered of programOf(5, 60)) {
      const before = run.checkpoint();
      run.step(entered);
      verifyTick(Chaos.def, run, { before, entered }, STRICT);
    }
  });

  test("R31: a row that a hook keeps a hold of is another one after a tick was taken back", () => {
    const held: { n: number }[] = [];
    const holding = shape.code({
      join(r) {
        held.push(r.state.rows.set("a", { n: 0 }).get("a") ?? { n: 0 });
      },
      tick() {
        for (const row of held) row.n++;
      },
    });
    const run = runOf(holding);
    run.step([joins("a")]);
    const before = run.checkpoint();
    run.step();
    expect(codeOf(() => verifyTick(holding.def, run, { before, entered: [] }))).toBe("diverged");
  });
});
