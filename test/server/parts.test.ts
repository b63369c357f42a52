/** The small parts of feed and connection, each by itself. */
import { describe, expect, it } from "vitest";
import type { Appended, Broker, Draft, Entry, Epoch, Page } from "../../src/broker/index.js";
import { Appender } from "../../src/server/connection/publish/appender.js";
import { Budget } from "../../src/server/delivery/budget.js";
import { fingerprint } from "../../src/server/connection/publish/fingerprint.js";
import { Flusher } from "../../src/server/delivery/flusher.js";
import { TaskQueue } from "../../src/server/connection/publish/task-queue.js";
import type { Link } from "../../src/server/connection/link.js";
import { Outgoing } from "../../src/server/delivery/outgoing.js";
import { TokenBucket } from "../../src/server/connection/limits/rate.js";
import { bytesLine, Chunk, textLine, type EncodedLine } from "../../src/server/delivery/chunk.js";
import type { Step } from "../../src/server/kinds/kind.js";
import { readOn } from "../../src/server/kinds/stream/read-on.js";
import { Tail } from "../../src/server/kinds/stream/tail.js";
import { seededRandom, VirtualClock } from "../../src/testing/index.js";
import { deferred } from "./support/serve.js";

/** Nothing of this is to happen. */
function raise(error: unknown): void {
  throw error instanceof Error ? error : new Error(String(error));
}

/** A page of these offsets; what comes before the first is `prev`. */
function page(offsets: readonly number[], rest: Partial<Page> & { prev?: number } = {}): Page {
  const { prev = 0, epochs = [{ epoch: "a", base: 0 }] } = rest;
  const entries: Entry[] = offsets.map((offset, i) => ({
    offset,
    prev: i === 0 ? prev : (offsets[i - 1] ?? 0),
    data: `${offset}`,
  }));
  return { entries, oldestPrev: rest.oldestPrev ?? prev, head: rest.head ?? offsets.at(-1) ?? prev, epochs };
}

/** Steps in short: an offset, or "after>until reason". */
function short(steps: readonly Step[]): (number | string)[] {
  return steps.map((step) =>
    "gap" in step
      ? `${step.gap.after}>${step.gap.until} ${step.gap.epoch} ${step.gap.reason}`
      : step.entry.offset,
  );
}

describe("readOn: what follows a cursor", () => {
  const two: Epoch[] = [
    { epoch: "a", base: 0 },
    { epoch: "b", base: 20 },
  ];
  const three: Epoch[] = [...two, { epoch: "c", base: 40 }];
  type Case = readonly [
    title: string,
    cursor: string,
    page: Page,
    steps: (number | string)[],
    cursorAfter: string,
    then: string,
  ];

  const cases: readonly Case[] = [
    ["C4: at the head of a new log", "a:0", page([]), [], "a:0", "head"],
    ["C4: at the head", "a:10", page([], { prev: 10 }), [], "a:10", "head"],
    ["C4: from the beginning", "a:0", page([10, 20]), [10, 20], "a:20", "head"],
    [
      "L17: an earlier name of a log that has no entries yet",
      "old:0",
      { ...page([]), epochs: [{ epoch: "a", base: 0, earlier: "old" }] },
      [],
      "a:0",
      "head",
    ],
    [
      "L17: an earlier name, from the beginning and past a failover",
      "old:0",
      {
        ...page([10, 30]),
        epochs: [
          { epoch: "a", base: 0, earlier: "old" },
          { epoch: "b", base: 20 },
        ],
      },
      [10, "10>10 b failover", 30],
      "b:30",
      "head",
    ],
    ["C4: from an entry", "a:10", page([20, 30], { prev: 10, oldestPrev: 0 }), [20, 30], "a:30", "head"],
    ["C4: from the prev of the oldest kept", "a:10", page([20, 30], { prev: 10 }), [20, 30], "a:30", "head"],
    ["F5: a page that is not all", "a:10", page([20], { prev: 10, head: 90 }), [20], "a:20", "more"],
    [
      "C6: trimmed right after the cursor",
      "a:10",
      page([50, 60], { prev: 40 }),
      ["10>40 a trimmed", 50, 60],
      "a:60",
      "head",
    ],
    [
      "C6: trimmed, and more to come",
      "a:10",
      page([50], { prev: 40, head: 90 }),
      ["10>40 a trimmed", 50],
      "a:50",
      "more",
    ],
    [
      "C6: trimmed, from the very beginning",
      "a:0",
      page([50], { prev: 40 }),
      ["0>40 a trimmed", 50],
      "a:50",
      "head",
    ],
    ["C7: nothing is kept", "a:10", page([], { prev: 40 }), ["10>40 a trimmed"], "a:40", "head"],
    [
      "C8: an epoch that nobody knows",
      "x:10",
      page([20, 30], { prev: 10 }),
      ["10>30 a epoch"],
      "a:30",
      "head",
    ],
    ["C8: an epoch that nobody knows, of a new log", "x:10", page([]), ["10>0 a epoch"], "a:0", "head"],
    [
      "C8: an epoch that nobody knows, of several",
      "x:99",
      page([], { prev: 30, epochs: two }),
      ["99>30 b epoch"],
      "b:30",
      "head",
    ],
    [
      "C9: beyond the end of its epoch",
      "a:25",
      page([30], { prev: 22, head: 30, oldestPrev: 0, epochs: two }),
      ["25>20 b rollback"],
      "b:20",
      "more",
    ],
    [
      "C9: beyond the end of its epoch, with nothing after it",
      "a:99",
      page([], { prev: 30, epochs: two }),
      ["99>20 b rollback"],
      "b:20",
      "more",
    ],
    [
      "C9: beyond the end of the first of three",
      "a:25",
      page([30], { prev: 22, oldestPrev: 0, epochs: three }),
      ["25>20 b rollback"],
      "b:20",
      "more",
    ],
    [
      "C9: the numbers have caught up",
      "a:30",
      page([40], { prev: 30, oldestPrev: 0, epochs: two }),
      ["30>20 b rollback"],
      "b:20",
      "more",
    ],
    [
      "C10: at the end of its epoch",
      "a:20",
      page([30], { prev: 20, oldestPrev: 0, epochs: two }),
      ["20>20 b failover", 30],
      "b:30",
      "head",
    ],
    [
      "C10: before the end of its epoch",
      "a:10",
      page([20, 30], { prev: 10, oldestPrev: 0, epochs: two }),
      [20, "20>20 b failover", 30],
      "b:30",
      "head",
    ],
    [
      "C10: over two boundaries",
      "a:10",
      page([20, 30, 40, 50], { prev: 10, oldestPrev: 0, epochs: three }),
      [20, "20>20 b failover", 30, 40, "40>40 c failover", 50],
      "c:50",
      "head",
    ],
    [
      "C6, C10: trimmed into another epoch",
      "a:10",
      page([35], { prev: 30, epochs: two }),
      ["10>30 b trimmed", 35],
      "b:35",
      "head",
    ],
    [
      "C6: everything trimmed, into another epoch",
      "a:10",
      page([], { prev: 30, epochs: two }),
      ["10>30 b trimmed"],
      "b:30",
      "head",
    ],
    [
      "C11: of an entry that never was",
      "a:15",
      page([20], { prev: 10, oldestPrev: 0 }),
      ["15>10 a rollback", 20],
      "a:20",
      "head",
    ],
    ["C12: beyond the head", "a:50", page([], { prev: 10 }), [], "a:50", "ahead"],
    [
      "C12: beyond the head, in the newest of two epochs",
      "b:50",
      page([], { prev: 30, epochs: two }),
      [],
      "b:50",
      "ahead",
    ],
    [
      "C12: the largest there is",
      "a:9007199254740991",
      page([], { prev: 10 }),
      [],
      "a:9007199254740991",
      "ahead",
    ],
  ];

  it.each(cases)("%s", (_, cursor, read, steps, after, then) => {
    const [epoch = "", offset] = cursor.split(":");
    const reading = readOn({ epoch, offset: Number(offset) }, read);
    expect(short(reading.steps)).toEqual(steps);
    expect(`${reading.cursor.epoch}:${reading.cursor.offset}`).toBe(after);
    expect(reading.standing).toBe(then);
  });

  it("G1, C14: wherever it starts, steps join on and end at the cursor", () => {
    const offsets = [10, 20, 30, 40, 50];
    for (const epoch of ["a", "b", "c", "x"]) {
      for (let offset = 0; offset <= 60; offset += 5) {
        const prev = offsets.filter((one) => one <= offset).at(-1) ?? 0;
        const reading = readOn(
          { epoch, offset },
          page(
            offsets.filter((one) => one > offset),
            { prev, head: 50, oldestPrev: 0, epochs: three },
          ),
        );
        let at = offset;
        for (const step of reading.steps) {
          expect("gap" in step ? step.gap.after : step.entry.prev).toBe(at);
          at = "gap" in step ? step.gap.until : step.entry.offset;
        }
        expect(reading.cursor.offset).toBe(at);
      }
    }
  });
});

describe("the tail", () => {
  function tail(
    offsets: readonly number[],
    limits: Partial<ConstructorParameters<typeof Tail>[0]> = {},
  ): Tail {
    const made = new Tail({ count: Infinity, bytes: Infinity, age: undefined, ...limits });
    offsets.forEach((offset, i) => push(made, offset, i === 0 ? 5 : (offsets[i - 1] ?? 0)));
    return made;
  }
  const push = (made: Tail, offset: number, prev: number): void =>
    made.push(offset, prev, textLine(`${offset}`));
  const offsets = (made: Tail, after: number, bytes = 1e6, now = 0): number[] | undefined =>
    made.after(after, bytes, now)?.lines.map(({ text }) => Number(text));

  it("F5: gives what follows an entry that it knows, and nothing else", () => {
    const made = tail([10, 20, 30]);
    expect(offsets(made, 5)).toEqual([10, 20, 30]);
    expect(offsets(made, 20)).toEqual([30]);
    for (const unknown of [0, 7, 15, 30, 40]) expect(offsets(made, unknown)).toBeUndefined();
  });

  it("F5: cuts a page at about its bytes, but gives at least one", () => {
    const made = tail([10, 20, 30]);
    expect(offsets(made, 5, 6)).toEqual([10, 20]);
    expect(offsets(made, 5, 0)).toEqual([10]);
  });

  it("L4: holds no more than the log: by count, bytes and age", () => {
    expect(offsets(tail([10, 20, 30], { count: 2 }), 10)).toEqual([20, 30]);
    expect(offsets(tail([10, 20, 30], { count: 2 }), 5)).toBeUndefined();
    expect(offsets(tail([10, 20, 30], { bytes: 6 }), 5)).toBeUndefined();
    const start = Date.UTC(2020, 0, 1);
    const aged = tail([4096, 8192], { age: 10 });
    expect(offsets(aged, 4096, 1e6, start + 11)).toEqual([8192]);
    expect(offsets(aged, 4096, 1e6, start + 13)).toBeUndefined();
  });

  it("C15: knows where the last of them begin", () => {
    const made = tail([10, 20, 30], { count: 2 });
    expect(made.startOfLast(1, 0)).toBe(20);
    expect(made.startOfLast(2, 0)).toBe(10);
    expect(made.startOfLast(3, 0)).toBeUndefined();
  });

  it("F2: starts anew after a hole", () => {
    const made = tail([10, 20]);
    push(made, 50, 40);
    expect(offsets(made, 10)).toBeUndefined();
    expect(offsets(made, 40)).toEqual([50]);
  });

  it("F1: gives the same after thousands of entries have been dropped", () => {
    const made = new Tail({ count: 10, bytes: Infinity, age: undefined });
    for (let i = 1; i <= 5000; i++) {
      push(made, i, i - 1);
      expect(made.size).toBe(Math.min(i, 10));
      if (i > 10) expect(offsets(made, i - 10)).toHaveLength(10);
    }
  });

  it("F1: gives lines as they were put in, of any length and any bytes", () => {
    const lines = [
      textLine("[1,10,null]"),
      textLine('[1,20,"ärger 🎉 \u0000"]'),
      bytesLine('[1,30,null,{"bytes":0}]', new Uint8Array(0)),
      bytesLine('[1,40,null,{"from":"ä","bytes":3}]', Uint8Array.of(0, 10, 255)),
      textLine(`[1,50,"${"x".repeat(100_000)}"]`),
      bytesLine('[1,60,null,{"bytes":40000}]', new Uint8Array(40_000).fill(7)),
      textLine("[1,70,1]"),
    ];
    const made = new Tail({ count: Infinity, bytes: Infinity, age: undefined });
    lines.forEach((line, i) => made.push(10 * (i + 1), 10 * i, line));
    expect(made.after(0, Infinity, 0)).toEqual({ lines, end: 70 });
    expect(made.after(0, Infinity, 0)?.lines[3]?.bytes).not.toBe(lines[3]?.bytes);
  });

  it("F1, L4: is what a list of the same entries would be", () => {
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    const float = (): number => random.float();
    const integer = (least: number, most: number): number => least + Math.floor(float() * (most - least + 1));
    for (let round = 0; round < 12; round++) {
      const limits = {
        count: float() < 0.5 ? Infinity : integer(1, 200),
        bytes: float() < 0.5 ? Infinity : integer(1, 60_000),
        age: undefined,
      };
      const made = new Tail(limits);
      let list: { offset: number; prev: number; line: EncodedLine }[] = [];
      let newest = 0;
      for (let i = 0; i < 500; i++) {
        const prev = float() < 0.005 ? newest + 1 : newest;
        const offset = prev + integer(1, 5);
        const text = "ab".repeat(integer(0, float() < 0.02 ? 20_000 : 100));
        const line =
          float() < 0.2 ? bytesLine(text, new Uint8Array(integer(0, 300)).fill(i)) : textLine(text);
        made.push(offset, prev, line);
        if (prev !== newest) list = [];
        list.push({ offset, prev, line });
        const bytes = (): number => list.reduce((sum, { line: { size } }) => sum + size, 0);
        while (list.length > limits.count || (bytes() > limits.bytes && list.length > 1)) list.shift();
        newest = offset;

        const message = `seed ${seed}, round ${round}, entry ${i}`;
        expect(made.size, message).toBe(list.length);
        const at = integer(Math.max(0, (list[0]?.prev ?? 0) - 3), newest + 3);
        const index = list.findIndex((entry) => entry.prev === at);
        const room = integer(0, 20_000);
        let taken = 0;
        let size = 0;
        while (index >= 0 && index + taken < list.length) {
          size += list[index + taken]?.line.size ?? 0;
          if (size > room && taken > 0) break;
          taken++;
        }
        const expected = index < 0 ? [] : list.slice(index, index + taken);
        const found = made.after(at, room, 0);
        expect(found?.end, message).toBe(expected.at(-1)?.offset);
        expect(found?.lines ?? [], message).toEqual(expected.map(({ line: one }) => one));
        const last = integer(1, list.length + 1);
        expect(made.startOfLast(last, 0), message).toBe(list[list.length - last]?.prev);
      }
    }
  });
});

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

describe("the appender", () => {
  const options = { keeping: { by: "entries" as const }, dedupe: 0 };
  const draft = (id: number, size = 1): Draft => ({
    data: "x".repeat(size),
    key: { scope: "s", id, print: 0 },
  });

  function setup() {
    const calls: { drafts: number[]; answer: ReturnType<typeof deferred<Appended[]>> }[] = [];
    const broker = {
      append: (_: string, drafts: readonly Draft[]) => {
        const answer = deferred<Appended[]>();
        calls.push({ drafts: drafts.map(({ key }) => key.id as number), answer });
        return answer.promise;
      },
    } as unknown as Broker;
    const appender = new Appender(broker, new VirtualClock(), raise);
    const done: string[] = [];
    const add = (id: number, size = 1, aborted = (): boolean => false): void => {
      const made = draft(id, size);
      appender.append("c", options, {
        draftAt: () => made,
        aborted,
        done: (outcome) =>
          void done.push(
            `${id} ${outcome instanceof Error ? outcome.message : typeof outcome === "string" ? outcome : "ok"}`,
          ),
      });
    };
    const tick = (): Promise<void> => new VirtualClock().settle();
    return { appender, calls, done, add, tick };
  }
  const ok = (drafts: readonly number[]): Appended[] =>
    drafts.map((offset) => ({ offset, duplicate: false }));

  it("P10: one append is under way, and what comes meanwhile goes together in the next", async () => {
    const { appender, calls, done, add, tick } = setup();
    // What comes in one read goes together, too.
    for (const id of [1, 2]) add(id);
    await tick();
    expect(calls.map(({ drafts }) => drafts)).toEqual([[1, 2]]);
    for (const id of [3, 4]) {
      add(id);
      await tick();
    }
    expect(calls).toHaveLength(1);
    calls[0]?.answer.resolve(ok([1, 2]));
    await tick();
    expect(calls.map(({ drafts }) => drafts)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    add(5);
    calls[1]?.answer.resolve(ok([3, 4]));
    await tick();
    calls[2]?.answer.resolve(ok([5]));
    await tick();
    expect(done).toEqual(["1 ok", "2 ok", "3 ok", "4 ok", "5 ok"]);
    expect(appender.waiting).toBe(0);
  });

  it("P9: a failed append fails its own batch only", async () => {
    const { calls, done, add, tick } = setup();
    add(1);
    await tick();
    for (const id of [2, 3]) add(id);
    calls[0]?.answer.resolve(ok([1]));
    await tick();
    calls[1]?.answer.reject(new Error("gone"));
    add(4);
    await tick();
    calls[2]?.answer.resolve(ok([4]));
    await tick();
    expect(done).toEqual(["1 ok", "2 gone", "3 gone", "4 ok"]);
  });

  it("P11: asks at the last moment whether one is aborted", async () => {
    const { calls, done, add, tick } = setup();
    let shut = false;
    add(1);
    await tick();
    add(2, 1, () => shut);
    add(3);
    shut = true;
    calls[0]?.answer.reject(new Error("gone"));
    await tick();
    expect(calls[1]?.drafts).toEqual([3]);
    expect(done).toEqual(["1 gone", "2 aborted"]);
  });

  it("B1: fewer outcomes than drafts is a failure of those left over", async () => {
    const { calls, done, add, tick } = setup();
    for (const id of [1, 2, 3]) add(id);
    await tick();
    calls[0]?.answer.resolve(ok([1, 2]));
    await tick();
    expect(done).toEqual(["1 ok", "2 ok", expect.stringContaining("fewer outcomes")]);
  });

  it("G6: a batch is bounded in count and in bytes", async () => {
    const { calls, add, tick } = setup();
    for (let id = 0; id < 600; id++) add(id);
    for (let id = 600; id < 640; id++) add(id, 100_000);
    while (calls.at(-1)?.drafts.at(-1) !== 639) {
      calls.at(-1)?.answer.resolve(ok(calls.at(-1)?.drafts ?? []));
      await tick();
    }
    const sizes = calls.map(({ drafts }) => drafts.length);
    expect(Math.max(...sizes)).toBe(256);
    expect(sizes.at(-2)).toBeLessThan(30);
    expect(sizes.reduce((a, b) => a + b)).toBe(640);
  });
});

describe("a queue", () => {
  it("S3: does at once what can be done at once, and everything in order", async () => {
    const idle: number[] = [];
    const order: number[] = [];
    const queue = new TaskQueue({ queueIdle: () => void idle.push(order.length), taskFailed: raise });
    queue.run(() => void order.push(1));
    expect([order, queue.busy]).toEqual([[1], false]);
    const slow = deferred();
    queue.run(async () => {
      await slow.promise;
      order.push(2);
    });
    queue.run(() => void order.push(3));
    expect([order, queue.busy]).toEqual([[1], true]);
    slow.resolve();
    await new VirtualClock().settle();
    expect([order, queue.busy, idle]).toEqual([[1, 2, 3], false, [3]]);
  });
});

describe("the token bucket", () => {
  it("K7: gives a burst at once, and then as many a second", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(0))).toEqual([0, 0, 0, 100]);
    expect(bucket.take(50)).toBe(50);
    expect(bucket.take(100)).toBe(0);
    expect(bucket.take(100)).toBe(100);
    let taken = 0;
    for (let now = 1000; now < 11_000; now++) if (bucket.take(now) === 0) taken++;
    expect(taken).toBeGreaterThanOrEqual(102);
    expect(taken).toBeLessThanOrEqual(103);
  });

  it("K7: `after` is long enough", () => {
    for (const perSecond of [1, 3, 7, 200, 333]) {
      const bucket = new TokenBucket({ perSecond, burst: 1 }, 0);
      let now = 0;
      for (let i = 0; i < 100; i++) {
        expect(bucket.take(now)).toBe(0);
        now += bucket.take(now);
      }
    }
  });
});

describe("fingerprints", () => {
  it("P4: of different payloads differ, and of the same ones do not", () => {
    const payloads = [
      "",
      "0",
      "a",
      "aa",
      "ab",
      "ba",
      '{"a":1}',
      '{"a":2}',
      ...Array.from({ length: 10_000 }, (_, i) => `"${i}"`),
    ];
    expect(new Set(payloads.map(fingerprint)).size).toBe(payloads.length);
    expect(fingerprint('{"a":1}')).toBe(fingerprint('{"a":1}'));
    expect(Number.isSafeInteger(fingerprint(new Uint8Array([1, 2, 3])))).toBe(true);
  });
});
