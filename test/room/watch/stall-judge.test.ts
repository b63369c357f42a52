import { describe, expect, test } from "vitest";
import { readProcessor } from "../../../src/server/kinds/room/watch/processor.js";
import { StallJudge, type Processor } from "../../../src/server/kinds/room/watch/stall-judge.js";

const INTERVAL = 100;

/** A thread that is looked at, and for how long it is said to stand still after each look. */
class Looked {
  sequence = 1;
  isInside = true;
  isDebugged = false;
  processor: Processor | undefined;
  readonly #judge = new StallJudge(INTERVAL);
  #now = 5000;

  /** A look after so many milliseconds. */
  after(ms: number): number {
    this.#now += ms;
    const { sequence, isInside, isDebugged } = this;
    return this.#judge.look({
      now: this.#now,
      view: { sequence, isInside, isDebugged },
      processor: () => this.processor,
    });
  }

  times(count: number, ms = INTERVAL): number {
    let still = 0;
    for (let i = 0; i < count; i++) still = this.after(ms);
    return still;
  }
}

describe("R9: for how long a step stands still", () => {
  test("is what has passed while it did not move", () => {
    const looked = new Looked();
    expect(looked.after(INTERVAL)).toBe(0);
    expect(looked.times(20)).toBe(2000);
    looked.sequence = 3;
    expect(looked.after(INTERVAL)).toBe(0);
    expect(looked.after(INTERVAL)).toBe(100);
  });

  test("is nothing outside of steps, however long the loop stands still there", () => {
    const looked = new Looked();
    looked.sequence = 2;
    looked.isInside = false;
    expect(looked.times(100)).toBe(0);
  });

  test("is nothing while there is a debugger", () => {
    const looked = new Looked();
    looked.after(INTERVAL);
    looked.isDebugged = true;
    expect(looked.times(100)).toBe(0);
    looked.isDebugged = false;
    expect(looked.after(INTERVAL)).toBe(100);
  });

  test("is not what passes while the watching thread stands still as well: a laptop that sleeps, a process that is stopped", () => {
    const looked = new Looked();
    looked.after(INTERVAL);
    expect(looked.after(3_600_000)).toBe(2 * INTERVAL);
    expect(looked.times(5, 15_000)).toBe(12 * INTERVAL);
  });

  test("counts as far as the thread was given a processor, where it would like to run: a machine that is too busy is nobody's fault", () => {
    const looked = new Looked();
    looked.processor = { is: "running", spent: 1000 };
    looked.after(INTERVAL);
    looked.after(INTERVAL);
    // A tenth of a processor.
    for (let i = 1; i <= 20; i++) {
      looked.processor = { is: "running", spent: 1000 + 10 * i };
      looked.after(INTERVAL);
    }
    expect(looked.after(0)).toBe(INTERVAL + 20 * 40);
    // A half.
    for (let i = 1; i <= 20; i++) {
      looked.processor = { is: "running", spent: 1200 + 50 * i };
      looked.after(INTERVAL);
    }
    expect(looked.after(0)).toBe(INTERVAL + 20 * 40 + 20 * 100);
  });

  test("counts in full where it waits for something, and not at all where somebody has stopped it", () => {
    const looked = new Looked();
    looked.processor = { is: "waiting", spent: 7 };
    looked.after(INTERVAL);
    expect(looked.times(10)).toBe(1000);
    looked.processor = { is: "stopped", spent: 7 };
    expect(looked.times(50)).toBe(1000);
  });
});

describe("what the system says of a thread", () => {
  const stat = (state: string, name = "node"): string =>
    `4711 (${name}) ${state} 1 4711 4711 0 -1 4194560 10439 87147 0 2 21 64 243 404 20 0 1 0 1243413 5246976 932`;

  test("is whether it runs, waits or is stopped, and how long it ran, in hundredths", () => {
    expect(readProcessor(stat("R"))).toEqual({ is: "running", spent: 850 });
    expect(readProcessor(stat("S"))).toEqual({ is: "waiting", spent: 850 });
    expect(readProcessor(stat("D"))).toEqual({ is: "waiting", spent: 850 });
    expect(readProcessor(stat("T"))).toEqual({ is: "stopped", spent: 850 });
    expect(readProcessor(stat("t"))).toEqual({ is: "stopped", spent: 850 });
  });

  test("is read whatever its name is", () => {
    expect(readProcessor(stat("R", "a) S (b"))).toEqual({ is: "running", spent: 850 });
    expect(readProcessor("")).toBeUndefined();
  });
});
