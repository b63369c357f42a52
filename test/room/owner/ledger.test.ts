/** What a room's log holds, as its owner changes it. */
import { describe, expect, test } from "vitest";
import type { Change, Payload } from "../../../src/broker/index.js";
import { Ledger } from "../../../src/server/kinds/room/owner/ledger.js";
import { decodeSaved, PIECE_BYTES, type ReignRecord } from "../../../src/server/kinds/room/owner/room-log.js";

const NAME = "reign--1";
const REIGN: ReignRecord = {
  name: NAME,
  n: 3,
  node: "a",
  tick: 0,
  short: 0,
  alone: false,
  released: false,
  next: undefined,
  epoch: "e",
};
const NOTHING = { slots: new Set<string>(), saved: [], inputs: [] };

/** The slots of a log, and a ledger of it. */
class Log {
  readonly slots = new Map<string, Payload>();
  readonly ledger: Ledger;

  constructor(inputsFor = 0) {
    this.ledger = new Ledger(NOTHING, inputsFor, () => 0);
  }

  make(changes: readonly Change[]): void {
    for (const { slot, data } of changes) {
      if (data === undefined) this.slots.delete(slot);
      else this.slots.set(slot, data);
    }
  }

  names(prefix: string): string[] {
    return [...this.slots.keys()].filter((slot) => slot.startsWith(prefix)).sort();
  }

  save(tick: number, bytes = 10): void {
    const at = { tick, time: tick * 100, reign: NAME };
    this.make(this.ledger.checkpoint(at, new Uint8Array(bytes).fill(tick)));
  }

  enter(tick: number): void {
    const entry = { tick, entered: [{ is: "away" as const, seat: "a" }] };
    this.make([this.ledger.entry(entry, tick * 100)]);
  }

  kept(): number[] {
    const saved = this.slots.get("checkpoint");
    return typeof saved === "string" ? decodeSaved(saved).map(({ tick }) => tick) : [];
  }
}

describe("a checkpoint", () => {
  test("lies in pieces, and takes away what it stands for in the same change", () => {
    const log = new Log();
    for (const tick of [1, 2, 3]) log.enter(tick);
    log.save(2, 2 * PIECE_BYTES + 1);
    expect(log.names("cp/")).toEqual(["cp/2/0", "cp/2/1", "cp/2/2"]);
    expect(log.names("in/")).toEqual(["in/3"]);
    log.save(5);
    expect(log.names("cp/")).toEqual(["cp/5/0"]);
    expect(log.names("in/")).toEqual([]);
  });

  test("of the same tick takes the place of the one before", () => {
    const log = new Log();
    log.save(5, 2 * PIECE_BYTES);
    log.save(5, 10);
    expect(log.names("cp/")).toEqual(["cp/5/0"]);
    expect(log.kept()).toEqual([5]);
  });

  test("leaves inputs, and one before them, for as long as they are kept; and not many more", () => {
    const log = new Log(3000);
    for (let tick = 1; tick <= 300; tick++) {
      log.enter(tick);
      if (tick % 10 !== 0) continue;
      log.save(tick);
      const kept = log.kept();
      const oldest = kept[0] ?? 0;
      // From the oldest one on, everything is there, and that reaches back far enough.
      expect(log.names("in/")).toHaveLength(tick - oldest);
      expect(oldest).toBeLessThanOrEqual(Math.max(10, tick - 30));
      expect(oldest).toBeGreaterThanOrEqual(tick - 70);
      expect(kept.length).toBeLessThanOrEqual(4);
      expect(kept.at(-1)).toBe(tick);
      expect(log.names("cp/").sort()).toEqual(kept.map((one) => `cp/${one}/0`).sort());
    }
  });
});

test("a room that has ended leaves its end, and who ended it", () => {
  const log = new Log();
  log.make([log.ledger.reign(REIGN), log.ledger.made({ seed: 1, match: new Map() })]);
  log.make(log.ledger.seat("ann", { user: 1, join: 2 }));
  log.enter(1);
  log.save(1);
  log.enter(2);
  log.make(log.ledger.close({ reason: "over", tick: 2 }));
  expect([...log.slots.keys()].sort()).toEqual(["closed", "reign"]);
});

test("a seat that was never in the log is not taken out of it", () => {
  const { ledger } = new Log();
  expect(ledger.seat("ann", undefined)).toEqual([]);
  ledger.seat("ann", { user: 1, join: 2 });
  expect(ledger.seat("ann", undefined)).toEqual([{ slot: "seat/ann", data: undefined }]);
});

describe("R8: a log that is told everything anew", () => {
  const room = {
    reign: REIGN,
    made: { seed: 1, match: new Map() },
    seats: new Map([["ann", { user: 1, join: 2 }]]),
    at: { tick: 9, time: 900, reign: NAME },
  };

  test("holds that, and nothing of what it had come back to", () => {
    const log = new Log();
    const old = ["seat/ann", "seat/ben", "in/3", "cp/2/0", "cp/2/1", "checkpoint", "shown", "stuck"];
    for (const slot of old) log.slots.set(slot, "?");
    log.make(log.ledger.restate(new Set(old), { ...room, checkpoint: Uint8Array.of(1) }));
    expect([...log.slots.keys()].sort()).toEqual(["checkpoint", "cp/9/0", "made", "reign", "seat/ann"]);
  });

  test("keeps the checkpoint it has where the room is too large for another", () => {
    const log = new Log();
    const old = ["seat/ben", "in/3", "cp/2/0", "checkpoint"];
    for (const slot of old) log.slots.set(slot, "?");
    log.make(log.ledger.restate(new Set(old), { ...room, checkpoint: undefined }));
    expect([...log.slots.keys()].sort()).toEqual([
      "checkpoint",
      "cp/2/0",
      "in/3",
      "made",
      "reign",
      "seat/ann",
    ]);
  });
});
