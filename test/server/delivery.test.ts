/** The parts of delivery, each by itself: what all connections hold, one connection's way out, and what writes a turn's chunks. */
import { describe, expect, it } from "vitest";
import { Budget } from "../../src/server/delivery/budget.js";
import { Flusher } from "../../src/server/delivery/flusher.js";
import type { Link } from "../../src/server/connection/link.js";
import { Outgoing } from "../../src/server/delivery/outgoing.js";
import { Chunk, textLine } from "../../src/server/delivery/chunk.js";
import { VirtualClock } from "../../src/testing/index.js";
import { raise } from "./support/raise.js";

describe("the budget", () => {
  it("F7: lowers every cap from half of the total on, and not below 16 KiB", () => {
    const budget = new Budget({ perConnection: 128_000, total: 1_000_000 });
    expect(budget.cap).toBe(128_000);
    budget.add(500_000);
    expect(budget.cap).toBe(128_000);
    budget.add(250_000);
    expect(budget.cap).toBe(64_000);
    budget.add(250_000);
    expect(budget.cap).toBe(16 * 1024);
    budget.add(5_000_000);
    expect(budget.cap).toBe(16 * 1024);
    budget.add(-6_000_000);
    expect([budget.cap, budget.used]).toEqual([128_000, 0]);
  });
});

/** A link whose other end reads when it is told to. */
function slowLink() {
  const written: string[] = [];
  let waiting: (() => void)[] = [];
  const link = {
    unsent: 0,
    stuck: true,
    written,
    write: (chunks: readonly Chunk[]) => link.put(chunks.map((chunk) => chunk.toText()).join("\n")),
    writeShared: (chunk: Chunk) => link.put(chunk.toText()),
    put(text: string) {
      written.push(text);
      if (link.stuck) link.unsent += text.length;
    },
    whenDrained: (run: () => void) => void waiting.push(run),
    drain() {
      link.unsent = 0;
      const now = waiting;
      waiting = [];
      for (const run of now) run();
    },
    pause() {},
    resume() {},
    ping() {},
    close() {},
    terminate() {},
  };
  return link satisfies Link;
}

describe("a connection's way out", () => {
  function setup(perConnection = 10_000, total = 1e9) {
    const clock = new VirtualClock();
    const link = slowLink();
    const budget = new Budget({ perConnection, total });
    return {
      clock,
      link,
      budget,
      out: new Outgoing(link, new Flusher(clock, raise), budget, { abandon: raise }),
    };
  }
  const chunk = (size: number): Chunk => new Chunk([textLine("x".repeat(size - 1))]);

  it("F8: writes once a turn, as one frame", async () => {
    const { clock, link, out } = setup();
    for (const text of ["1", "2", "3"]) out.offer(new Chunk([textLine(text)]));
    expect(link.written).toEqual([]);
    await clock.settle();
    expect(link.written).toEqual(["1\n2\n3"]);
  });

  it("F4: takes nothing that would exceed the cap, in its queue or in the socket", async () => {
    const { clock, link, out } = setup();
    expect(out.offer(chunk(5000))).toBe(true);
    expect(out.offer(chunk(5000))).toBe(false);
    await clock.settle();
    expect(out.offer(chunk(5000))).toBe(false);
    expect(out.offer(chunk(4000))).toBe(true);
    expect(out.unsent).toBeLessThan(10_000);
    link.drain();
    expect(out.offer(chunk(9700))).toBe(false);
    await clock.settle();
    link.drain();
    expect(out.offer(chunk(out.most + 1))).toBe(false);
    expect(out.offer(chunk(out.most))).toBe(true);
  });

  it("F5: calls back when there is room, never at once, and not after the end", async () => {
    const { clock, link, out } = setup();
    const calls: string[] = [];
    out.whenRoomy(() => calls.push("empty"));
    expect(calls).toEqual([]);
    await clock.settle();
    expect(calls).toEqual(["empty"]);
    out.offer(chunk(9000));
    out.whenRoomy(() => calls.push("queued"));
    await clock.settle();
    out.whenRoomy(() => calls.push("written"));
    await clock.settle();
    expect(out.roomy).toBe(false);
    expect(calls).toEqual(["empty"]);
    link.drain();
    expect(calls).toEqual(["empty", "queued", "written"]);
    out.offer(chunk(9000));
    out.whenRoomy(() => calls.push("closed"));
    out.close();
    await clock.settle();
    link.drain();
    await clock.settle();
    expect(calls).toHaveLength(3);
  });

  it("F5: has room for those first who had none the last time", async () => {
    const { clock, link, out } = setup();
    const calls: string[] = [];
    const wait = (name: string): void =>
      out.whenRoomy(() => {
        calls.push(name);
        out.offer(chunk(6000));
        wait(name);
      });
    for (const name of ["a", "b", "c"]) wait(name);
    for (let round = 0; round < 6; round++) {
      await clock.settle();
      link.drain();
    }
    expect(calls.slice(0, 6)).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("H48: says when no message is in the middle, and lets none begin from then on", async () => {
    const { clock, out } = setup();
    const calls: string[] = [];
    out.begun();
    out.begun();
    expect(out.mayBegin).toBe(true);
    out.whenWhole(() => calls.push("whole"));
    out.whenWhole(() => calls.push("twice"));
    expect(out.mayBegin).toBe(false);
    out.ended();
    await clock.settle();
    expect(calls).toEqual([]);
    out.ended();
    // Not within what it waited for.
    expect(calls).toEqual([]);
    await clock.settle();
    expect([calls, out.mayBegin]).toEqual([["whole"], false]);
  });

  it("H48: says so at once where none is, and never after its end", async () => {
    const calls: string[] = [];
    setup().out.whenWhole(() => calls.push("at once"));
    const { clock, out } = setup();
    out.begun();
    out.whenWhole(() => calls.push("closed"));
    out.ended();
    out.close();
    out.whenWhole(() => calls.push("closed"));
    await clock.settle();
    expect(calls).toEqual(["at once"]);
  });

  it("F7: the budget knows what all of them hold, and forgets who has ended", async () => {
    const { clock, link, budget, out } = setup();
    out.offer(chunk(4000));
    expect(budget.used).toBe(4000);
    await clock.settle();
    expect(budget.used).toBe(3999);
    link.drain();
    expect(budget.used).toBe(0);
    out.offer(chunk(4000));
    await clock.settle();
    out.close();
    expect(budget.used).toBe(0);
  });

  it("F7: a page always fits a connection that holds nothing, however low the cap is", () => {
    const { out } = setup(128_000, 1000);
    expect(out.offer(chunk(32_000))).toBe(true);
    expect(out.offer(chunk(1000))).toBe(false);
  });

  it("F8: a chunk that is alone is written as it is shared", async () => {
    const { clock, link, out } = setup();
    const shared: Chunk[] = [];
    link.writeShared = (one) => void shared.push(one);
    const one = chunk(10);
    out.offer(one);
    await clock.settle();
    expect(shared).toEqual([one]);
    expect(shared[0]).toBe(one);
  });
});

describe("the flusher", () => {
  /** A clock on which each write takes a tenth of a millisecond. */
  function slowClock() {
    const turns: (() => void)[] = [];
    let now = 0;
    const clock = new VirtualClock();
    clock.monotonic = () => now;
    clock.setImmediate = (run) => void turns.push(run);
    return { clock, turns, write: () => void (now += 0.1) };
  }

  it("F9: gives the event loop a turn about every 4 ms, and keeps each connection's order", () => {
    const { clock, turns, write } = slowClock();
    const flusher = new Flusher(clock, raise);
    const order: number[] = [];
    for (let i = 0; i < 1000; i++) flusher.add({ flush: () => (write(), void order.push(i)) });
    const perTurn: number[] = [];
    while (turns.length > 0) {
      const before = order.length;
      turns.shift()?.();
      perTurn.push(order.length - before);
    }
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(128);
    expect(order).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("F9, G6: goes on under a load that never lets it come to the end", () => {
    const { clock, turns, write } = slowClock();
    const flusher = new Flusher(clock, raise);
    let flushed = 0;
    const again = { flush: () => (write(), flushed++, flusher.add(again)) };
    for (let i = 0; i < 500; i++) flusher.add(again);
    for (let turn = 0; turn < 200; turn++) turns.shift()?.();
    expect(flushed).toBeGreaterThan(10_000);
    expect(turns).toHaveLength(1);
  });

  it("F8: collects before it writes, in the same turn", async () => {
    const clock = new VirtualClock();
    const flusher = new Flusher(clock, raise);
    const order: string[] = [];
    flusher.add({ flush: () => void order.push("write") });
    flusher.collect(() => order.push("collect"));
    await clock.settle();
    expect(order).toEqual(["collect", "write"]);
  });
});
