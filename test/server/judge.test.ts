/** Where a cursor stands: what all kinds of channels have in common. */
import { describe, expect, it } from "vitest";
import type { Broker, Epoch, Page } from "../../src/broker/index.js";
import { LargePayloads } from "../../src/server/delivery/large-payloads.js";
import { Feed } from "../../src/server/feed/feed.js";
import { judge } from "../../src/server/feed/judge.js";
import { Reads } from "../../src/server/feed/read-limit.js";
import { STREAM } from "../../src/server/kinds/stream/stream.js";
import type { Place } from "../../src/server/kinds/kind.js";
import { TRANSIENT } from "../../src/server/kinds/transient/transient.js";
import { VirtualClock } from "../../src/testing/index.js";

const epochs: readonly Epoch[] = [
  { epoch: "a", base: 0, earlier: "old" },
  { epoch: "b", base: 20 },
];
const page: Page = { entries: [], oldestPrev: 10, head: 30, epochs };

describe("a cursor stands", () => {
  it.each([
    ["C4: at the head", "b:30", { at: "on", cursor: { epoch: "b", offset: 30 } }],
    ["C4: before the head", "b:25", { at: "on", cursor: { epoch: "b", offset: 25 } }],
    ["C4: at the floor", "a:10", { at: "on", cursor: { epoch: "a", offset: 10 } }],
    ["C10: at the end of its epoch", "a:20", { at: "on", cursor: { epoch: "a", offset: 20 } }],
    ["L17: under an earlier name", "old:15", { at: "on", cursor: { epoch: "a", offset: 15 } }],
    ["C12: beyond the head", "b:31", { at: "ahead", cursor: { epoch: "b", offset: 31 } }],
    [
      "C6: below the floor",
      "a:9",
      { at: "gap", gap: { after: 9, until: 10, epoch: "a", reason: "trimmed" } },
    ],
    [
      "C8: in an epoch that nobody knows",
      "x:25",
      { at: "gap", gap: { after: 25, until: 30, epoch: "b", reason: "epoch" } },
    ],
    [
      "C9: beyond the end of its epoch",
      "a:21",
      { at: "gap", gap: { after: 21, until: 20, epoch: "b", reason: "rollback" } },
    ],
  ])("%s", (_, cursor, standing) => {
    const [epoch = "", offset] = cursor.split(":");
    expect(judge({ epoch, offset: Number(offset) }, page)).toEqual(standing);
  });

  it("C6: before the epoch that the log goes on in, where that is what is left", () => {
    expect(judge({ epoch: "a", offset: 5 }, { ...page, oldestPrev: 25 })).toEqual({
      at: "gap",
      gap: { after: 5, until: 25, epoch: "b", reason: "trimmed" },
    });
  });
});

describe("a kind", () => {
  it("says where a subscription begins that does not say it", async () => {
    const clock = new VirtualClock();
    const broker = { read: async () => page } as unknown as Broker;
    const deps = {
      broker,
      reads: new Reads(1),
      clock,
      collect: (flush: () => void) => clock.setImmediate(flush),
      onError: () => {},
    };
    const place: Place = {
      channel: "c",
      ch: 1,
      log: { keeping: { by: "entries", retain: { count: 10 } }, dedupe: 0 },
      large: new LargePayloads(),
    };
    const atHead = new Feed(STREAM, place, deps);
    const atStart = new Feed({ ...STREAM, begins: "start" }, place, deps);
    await Promise.all([atHead.open(), atStart.open()]);
    expect(atHead.beginning).toEqual({ epoch: "b", offset: 30 });
    expect(atStart.beginning).toEqual({ epoch: "b", offset: 0 });
  });

  it("is called what clients call it", () => {
    expect([STREAM.name, TRANSIENT.name]).toEqual(["stream", "transient"]);
  });
});
