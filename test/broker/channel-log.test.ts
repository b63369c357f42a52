import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REMEMBERED_EPOCHS, type Draft, type Entry, type LogOptions } from "../../src/broker/index.js";
import type { Moment } from "../../src/broker/log/moment.js";
import { ChannelLog, type LogAppend } from "../../src/broker/memory/channel-log.js";
import { EntryQueue } from "../../src/broker/memory/entry-queue.js";
import { MAX_OFFSET, offsetAt } from "../../src/protocol/index.js";

const START = Date.UTC(2026, 0, 1);
const KEEP: LogOptions = { keeping: { by: "entries", retain: { count: 1000 } }, dedupe: 60_000 };
const WHOLE = { after: 0, limit: 10_000, bytes: 1_000_000 };

let keys = 0;
function draft(data: Draft["data"] = "1"): Draft {
  return { data, key: { scope: "test", id: `${++keys}`, print: 0 } };
}

function at(ms: number): Moment {
  return { wall: START + ms, steady: ms };
}

function newLog(): ChannelLog {
  return new ChannelLog("boot-1", "first", at(0), 1000);
}

/** Epoch names are the incarnation's, so that a test can tell them. */
function append(log: ChannelLog, drafts: Draft[], ms = 0, incarnation = "boot-1"): LogAppend {
  return log.append(drafts, KEEP, at(ms), incarnation, () => `of-${incarnation}`);
}

describe("the entry queue", () => {
  test("is a list that drops at the front, whatever is done to it", () => {
    const step = fc.oneof(
      fc.nat(100).map((size) => ({ do: "push" as const, size })),
      fc.nat(200).map((count) => ({ do: "drop" as const, count })),
      fc.nat(3000).map((offset) => ({ do: "dropBefore" as const, offset })),
      fc.constant({ do: "clone" as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
        let queue = new EntryQueue();
        let list: { entry: Entry; size: number }[] = [];
        let last = 0;
        for (const next of steps) {
          if (next.do === "push") {
            for (let i = 0; i < 20; i++) {
              const entry = { offset: last + 2, prev: last, data: "" };
              last = entry.offset;
              queue.push(entry, next.size);
              list.push({ entry, size: next.size });
            }
          } else if (next.do === "drop") {
            for (let i = 0; i < next.count; i++) queue.dropOldest();
            list = list.slice(next.count);
          } else if (next.do === "dropBefore") {
            queue.dropBefore(next.offset);
            list = list.filter(({ entry }) => entry.offset >= next.offset);
          } else {
            const copy = queue.clone();
            queue.clear();
            expect([queue.length, queue.bytes]).toEqual([0, 0]);
            queue = copy;
          }
          expect(queue.length).toBe(list.length);
          expect(queue.bytes).toBe(list.reduce((sum, { size }) => sum + size, 0));
        }
        expect(queue.slice(0, queue.length)).toEqual(list.map(({ entry }) => entry));
        for (const offset of [0, 1, 2, last - 1, last, last + 1, Math.floor(last / 2)]) {
          const index = list.findIndex(({ entry }) => entry.offset >= offset);
          expect(queue.indexFrom(offset)).toBe(index < 0 ? list.length : index);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("cuts pages by count and by bytes, never empty where there is an entry", () => {
    const queue = new EntryQueue();
    for (const [i, size] of [10, 20, 30, 5, 0].entries()) {
      queue.push({ offset: i + 1, prev: i, data: "" }, size);
    }
    expect(queue.pageEnd(0, 10, 30)).toBe(2);
    expect(queue.pageEnd(0, 10, 59)).toBe(2);
    expect(queue.pageEnd(0, 10, 60)).toBe(3);
    expect(queue.pageEnd(2, 10, 1)).toBe(3);
    expect(queue.pageEnd(0, 4, 1000)).toBe(4);
    expect(queue.pageEnd(5, 4, 1000)).toBe(5);
    expect(queue.pageStart(5, 0, 10, 34)).toBe(3);
    expect(queue.pageStart(5, 0, 10, 35)).toBe(2);
    expect(queue.pageStart(3, 0, 10, 1)).toBe(2);
    expect(queue.pageStart(5, 1, 10, 1000)).toBe(1);
    expect(queue.pageStart(0, 0, 10, 1000)).toBe(0);
    expect(() => queue.at(5)).toThrow(RangeError);
    expect(() => queue.at(-1)).toThrow(RangeError);
  });
});

describe("a channel's log", () => {
  test("makes offsets out of time, and goes on counting when the clock stands or steps back", () => {
    const log = newLog();
    append(log, [draft(), draft()], 0);
    append(log, [draft()], -5000);
    append(log, [draft()], 1);
    const offsets = log.read(WHOLE, KEEP, at(1)).entries.map(({ offset }) => offset);
    const first = offsetAt(START);
    expect(offsets).toEqual([first, first + 1, first + 2, offsetAt(START + 1)]);
  });

  test("opens an epoch at the first entry under another incarnation, from the head of before", () => {
    const log = newLog();
    append(log, [draft()], 0);
    const head = log.read(WHOLE, KEEP, at(0)).head;
    log.append([], KEEP, at(1), "boot-2", () => "no entry, no epoch");
    expect(log.read(WHOLE, KEEP, at(1)).epochs).toEqual([{ epoch: "first", base: 0 }]);
    const { entries } = append(log, [draft(), draft()], 1, "boot-2");
    append(log, [draft()], 2, "boot-2");
    expect(log.epoch).toBe("of-boot-2");
    expect(log.read(WHOLE, KEEP, at(2)).epochs).toEqual([
      { epoch: "first", base: 0 },
      { epoch: "of-boot-2", base: head },
    ]);
    expect(entries[0]?.prev).toBe(head);
  });

  test("does not open an epoch for a retry, and keeps the keys of the one before", () => {
    const log = newLog();
    const once = draft();
    const [first] = append(log, [once], 0).outcomes;
    const again = append(log, [once], 1, "boot-2");
    expect(again.entries).toEqual([]);
    expect(again.outcomes).toEqual([{ ...first, duplicate: true }]);
    expect(log.epoch).toBe("first");
  });

  test(`remembers the last ${REMEMBERED_EPOCHS} epochs, and pages read before stay as they were`, () => {
    const log = newLog();
    const before = log.read(WHOLE, KEEP, at(0));
    for (let boot = 2; boot <= 40; boot++) append(log, [draft()], boot, `boot-${boot}`);
    const { epochs, entries } = log.read(WHOLE, KEEP, at(40));
    expect(epochs.map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: REMEMBERED_EPOCHS }, (_, i) => `of-boot-${25 + i}`),
    );
    expect(epochs.at(-1)?.base).toBe(entries.at(-2)?.offset);
    expect(before.epochs).toEqual([{ epoch: "first", base: 0 }]);
  });

  test("stays as it was when a clone of it goes on, and the other way round", () => {
    const log = newLog();
    const shared = draft("shared");
    append(log, [shared], 0);
    const replica = log.clone();
    const lost = draft("lost");
    append(log, [lost], 1);
    const { outcomes } = replica.append([shared, lost], KEEP, at(5), "boot-2", () => "second");
    expect(outcomes.map((outcome) => "duplicate" in outcome && outcome.duplicate)).toEqual([true, false]);
    expect(replica.read(WHOLE, KEEP, at(5)).epochs.at(-1)).toEqual({
      epoch: "second",
      base: log.read(WHOLE, KEEP, at(5)).entries[0]?.offset,
    });
    expect(log.epoch).toBe("first");
    const data = (of: ChannelLog): unknown[] =>
      of.read(WHOLE, KEEP, at(5)).entries.map((entry) => entry.data);
    expect(data(log)).toEqual(["shared", "lost"]);
    expect(data(replica)).toEqual(["shared", "lost"]);
    expect(replica.read(WHOLE, KEEP, at(5)).head).toBeGreaterThan(log.read(WHOLE, KEEP, at(5)).head);
  });

  test("keeps no entries once its retention was taken away, and none that are too old to read", () => {
    const log = newLog();
    append(log, [draft(), draft()], 0);
    const aged = { ...KEEP, keeping: { by: "entries" as const, retain: { age: 100 } } };
    expect(log.read(WHOLE, aged, at(100)).entries).toHaveLength(2);
    const page = log.read({ before: MAX_OFFSET, limit: 10, bytes: 100 }, aged, at(101));
    expect(page.entries).toEqual([]);
    expect(page.oldestPrev).toBe(page.head);
    expect(log.kept.entries).toBe(2);
    log.expire(at(101));
    expect(log.kept).toEqual({ entries: 0, bytes: 0 });
    append(log, [draft()], 102);
    log.append([draft()], { ...KEEP, keeping: { by: "entries" } }, at(103), "boot-1", () => "");
    expect(log.kept.entries).toBe(0);
  });

  test("is idle when nothing of it is promised any more", () => {
    const DAY = 86_400_000;
    const idleAfter = (retain: LogOptions["keeping"]["retain"], drafts: Draft[]): number => {
      const log = newLog();
      log.append(drafts, { keeping: { by: "entries", retain }, dedupe: 1000 }, at(0), "boot-1", () => "");
      for (const ms of [1000, 5000, DAY]) {
        if (!log.isIdle(at(ms), DAY) && log.isIdle(at(ms + 1), DAY)) return ms;
      }
      return -1;
    };
    expect(idleAfter(undefined, [draft()])).toBe(1000);
    expect(idleAfter({ count: 10 }, [])).toBe(1000);
    expect(idleAfter({ age: 5000 }, [draft()])).toBe(5000);
    expect(idleAfter({ age: 5000, count: 10 }, [draft()])).toBe(5000);
    expect(idleAfter({ count: 10 }, [draft()])).toBe(DAY);
  });

  test("appends and trims a hundred thousand entries without moving them each time", () => {
    const log = newLog();
    const options = { keeping: { by: "entries" as const, retain: { count: 50_000 } }, dedupe: 1 };
    let sequence = 0;
    for (let batch = 0; batch < 2000; batch++) {
      const drafts = Array.from({ length: 50 }, () => ({
        data: "1",
        key: { scope: "s", id: ++sequence, print: 0 },
      }));
      log.append(drafts, options, at(batch), "boot-1", () => "");
    }
    const page = log.read({ after: 0, limit: 100_000, bytes: 1e9 }, options, at(2000));
    expect(page.entries).toHaveLength(50_000);
    expect(page.oldestPrev).toBe((page.entries[0]?.offset ?? 0) - 1 - (4096 - 50));
  });
});
