/** What follows a cursor, by itself. */
import { describe, expect, it } from "vitest";
import type { Entry, Epoch, Page } from "../../../src/broker/index.js";
import type { Step } from "../../../src/server/kinds/kind.js";
import { readOn } from "../../../src/server/kinds/stream/read-on.js";

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
