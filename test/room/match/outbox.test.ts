import { describe, expect, test } from "vitest";
import { MatchOutbox } from "../../../src/server/kinds/room/match/outbox.js";
import {
  encodeGiven,
  encodeSaid,
  readGiven,
  readSaid,
  type RoomReport,
  type Said,
} from "../../../src/server/kinds/room/match/said.js";
import { MOST_LETTERS } from "../../../src/server/kinds/room/replica/checked.js";

/** All that it has to say, each input as it travels. */
function sayAll(outbox: MatchOutbox): Said[] {
  const all: Said[] = [];
  while (!outbox.isEmpty) {
    const text = JSON.stringify(encodeSaid(outbox.take()));
    expect(text.length).toBeLessThanOrEqual(MOST_LETTERS);
    all.push(readSaid(JSON.parse(text)));
    if (all.length > 1000) throw new Error("there is no end to it");
  }
  return all;
}

describe("what a node says in the room that matches", () => {
  test("goes in as many inputs as it takes, in its order", () => {
    const outbox = new MatchOutbox();
    const keys = Array.from({ length: 500 }, (_, n) => `key-of-somebody${n}`);
    for (const [n, key] of keys.entries()) outbox.wish([n, key, n % 2 === 0 ? `~new-room-${n}` : undefined]);
    for (const key of keys) outbox.kept(key);
    outbox.closed("~over");
    outbox.failed(["key", "~full", false]);
    const all = sayAll(outbox);
    expect(all.length).toBeGreaterThan(3);
    expect(all.flatMap(({ wishes }) => wishes)).toEqual(
      keys.map((key, n) => [n, key, n % 2 === 0 ? `~new-room-${n}` : undefined]),
    );
    expect(all.flatMap(({ kept }) => kept)).toEqual(keys);
    expect(all.flatMap(({ closed }) => closed)).toEqual(["~over"]);
    expect(all.flatMap(({ failed }) => failed)).toEqual([["key", "~full", false]]);
  });

  test("is told of its rooms first, and says when that was all; one with many who have come lately in several parts", () => {
    const outbox = new MatchOutbox();
    const recent = Array.from({ length: 700 }, (_, n) => `seat-of-somebody${n}`.slice(0, 16));
    const rooms: RoomReport[] = Array.from({ length: 200 }, (_, n) => [`~room-${n}`, n, n, 10, []]);
    outbox.wish([1, "key", undefined]);
    outbox.report([...rooms, ["~large", 700, 700, 1000, recent]]);
    const all = sayAll(outbox);
    const parts = all.flatMap((said) => (said.rooms === undefined ? [] : [said.rooms]));
    expect(parts.map(({ isLast }) => isLast)).toEqual([...Array(parts.length - 1).fill(false), true]);
    expect(new Set(parts.map(({ round }) => round)).size).toBe(1);
    const told = parts.flatMap(({ all: some }) => some);
    expect(told.slice(0, 200)).toEqual(rooms);
    expect(told.slice(200).flatMap(([, , , , some]) => some)).toEqual(recent);
    const at = all.findIndex(({ wishes }) => wishes.length > 0);
    expect(all.slice(0, at).every((said) => said.rooms?.isLast === false)).toBe(true);
  });

  test("of its rooms is the newest, and an end where it has none", () => {
    const outbox = new MatchOutbox();
    expect(outbox.isEmpty).toBe(true);
    const rooms: RoomReport[] = Array.from({ length: 200 }, (_, n) => [`~room-${n}`, n, n, 10, []]);
    outbox.report(rooms);
    expect(outbox.take().rooms?.isLast).toBe(false);
    outbox.report([]);
    expect(sayAll(outbox).map(({ rooms: told }) => told)).toEqual([{ round: 2, all: [], isLast: true }]);
  });

  test("is nothing else than it was written, or it is refused", () => {
    const said = { rooms: [1, [["~a", 1, 2, 3, ["s"]]], true], closed: [], kept: [], failed: [], wishes: [] };
    expect(encodeSaid(readSaid(said))).toEqual(said);
    expect(
      encodeGiven(
        readGiven([
          [1, "~a", true],
          [2, null, false],
        ]),
      ),
    ).toEqual([
      [1, "~a", true],
      [2, null, false],
    ]);
    const strange: unknown[] = [
      null,
      {},
      { ...said, more: 1 },
      { ...said, rooms: [1, [["~a", -1, 2, 3, []]], true] },
      { ...said, rooms: [1, [["~a", 1, 2, 70_000, []]], true] },
      { ...said, wishes: [[1, 2, null]] },
      { ...said, failed: [["key", "~a"]] },
    ];
    for (const one of strange) expect(() => readSaid(one)).toThrow();
    expect(() => readGiven([[1, 2, true]])).toThrow();
  });
});
