/** R26: what the room that matches decides, over its tables alone. */
import { describe, expect, test } from "vitest";
import {
  MOST_HELD,
  PASSING_MS,
  ended,
  failed,
  give,
  isPassing,
  kept,
  left,
  sweep,
  told,
  type Rows,
} from "../../../src/server/kinds/room/match/listing.js";
import { HELD_MS, type RoomReport, type Wish } from "../../../src/server/kinds/room/match/said.js";
import { between, fork } from "../../../src/testing/sim/fork.js";

const SEATS = 3;
const making = { seats: SEATS, seatIn: (id: string, key: string): string => `${key}@${id}` };

function rowsOf(): Rows {
  return { rooms: new Map(), known: new Map(), held: new Map() };
}

/** Where each of them is sent; none of them may be sent twice in one call. */
function send(rows: Rows, now: number, ...keys: readonly string[]): (string | undefined)[] {
  const wishes = keys.map((key, n): Wish => [n, key, `~new-for-${key}`]);
  return give(rows, wishes, making, now).map(([, id]) => id);
}

function report(id: string, players: number, recent: readonly string[] = [], used = players): RoomReport {
  return [id, players, used, SEATS, recent];
}

describe("R26: a place", () => {
  test("is in a new room where there is none, and in the same one until that is full", () => {
    const rows = rowsOf();
    expect(send(rows, 0, "a", "b", "c", "d")).toEqual([
      "~new-for-a",
      "~new-for-a",
      "~new-for-a",
      "~new-for-d",
    ]);
    expect(rows.rooms.get("~new-for-a")).toEqual({ players: 0, seats: SEATS });
  });

  test("is nowhere where no new room may be made", () => {
    const rows = rowsOf();
    expect(give(rows, [[7, "a", undefined]], making, 0)).toEqual([[7, undefined, false]]);
    expect(rows).toEqual(rowsOf());
  });

  test("is in the fullest room, of two of them in the older one", () => {
    const rows = rowsOf();
    const all = [report("x", 1), report("y", 2), report("z", 2)];
    told(rows, "node", { round: 1, all, isLast: true }, 0);
    expect(send(rows, 0, "a", "b", "c", "d", "e")).toEqual(["y", "z", "x", "x", "~new-for-e"]);
  });

  test("is the same for who asks again, and takes no second one", () => {
    const rows = rowsOf();
    const [first] = send(rows, 0, "a");
    for (let i = 1; i < 50; i++) expect(send(rows, i, "a")).toEqual([first]);
    expect(rows.held.size).toBe(1);
    expect(send(rows, 50, "b", "c")).toEqual([first, first]);
  });

  test("is held until its room counts it, and not twice then", () => {
    const rows = rowsOf();
    expect(send(rows, 0, "a", "b")).toEqual(["~new-for-a", "~new-for-a"]);
    // It was counted before b came.
    const early = report("~new-for-a", 0, ["a@~new-for-a"], 1);
    told(rows, "node", { round: 1, all: [early], isLast: true }, 10);
    expect([...rows.held.keys()]).toEqual(["b"]);
    expect(send(rows, 20, "c", "d")).toEqual(["~new-for-a", "~new-for-d"]);
  });

  test("is free again when nobody came for it", () => {
    const rows = rowsOf();
    told(rows, "node", { round: 1, all: [report("x", 2)], isLast: true }, 0);
    expect(send(rows, 0, "a")).toEqual(["x"]);
    sweep(rows, HELD_MS - 1);
    expect(send(rows, HELD_MS - 1, "b")).toEqual(["~new-for-b"]);
    sweep(rows, HELD_MS);
    expect(send(rows, HELD_MS, "c")).toEqual(["x"]);
  });

  test("that its room has kept for a player who was there already is not held for long", () => {
    const rows = rowsOf();
    told(rows, "node", { round: 1, all: [report("x", 2)], isLast: true }, 0);
    expect(send(rows, 0, "a")).toEqual(["x"]);
    kept(rows, "a", 100);
    kept(rows, "stranger", 100);
    sweep(rows, 2600);
    expect(send(rows, 2600, "b")).toEqual(["x"]);
  });

  test("is given to no more than so many who have not come", () => {
    const rows = rowsOf();
    const all = Array.from({ length: MOST_HELD }, (_, n) => `p${n}`);
    expect(send(rows, 0, ...all).every((id) => id !== undefined)).toBe(true);
    expect(send(rows, 0, "late")).toEqual([undefined]);
    // Whoever has one keeps it.
    expect(send(rows, 0, "p0")).toEqual(["~new-for-p0"]);
  });
});

describe("R26: a room", () => {
  test("that could not be had is left out until it is told of again", () => {
    const rows = rowsOf();
    told(rows, "node", { round: 1, all: [report("x", 1)], isLast: true }, 0);
    expect(send(rows, 0, "a")).toEqual(["x"]);
    failed(rows, ["a", "x", false]);
    expect(send(rows, 1, "a")).toEqual(["~new-for-a"]);
    expect(rows.rooms.get("x")).toEqual({ players: 1, seats: SEATS });
    told(rows, "node", { round: 2, all: [report("x", 2)], isLast: true }, 2);
    expect(send(rows, 3, "b")).toEqual(["x"]);
  });

  test("that is new and could not be had is none, and neither is one that has ended", () => {
    const rows = rowsOf();
    const [id] = send(rows, 0, "a");
    failed(rows, ["a", id ?? "", false]);
    expect(rows).toEqual(rowsOf());
    told(rows, "node", { round: 1, all: [report("x", 1), report("y", 1)], isLast: true }, 0);
    failed(rows, ["b", "x", true]);
    ended(rows, "y");
    expect([...rows.rooms.keys()]).toEqual([]);
  });

  test("that nobody tells of is forgotten", () => {
    const rows = rowsOf();
    send(rows, 0, "a");
    expect(isPassing(rows)).toBe(true);
    sweep(rows, 12_000);
    expect(rows).toEqual(rowsOf());
    expect(isPassing(rows)).toBe(false);
  });

  test("that its node tells of no more is another's within five seconds, or forgotten", () => {
    const rows = rowsOf();
    told(rows, "one", { round: 1, all: [report("x", 1), report("y", 1)], isLast: true }, 0);
    told(rows, "one", { round: 2, all: [], isLast: true }, 1000);
    told(rows, "other", { round: 1, all: [report("y", 1)], isLast: true }, 2000);
    sweep(rows, 1000 + PASSING_MS - 1);
    expect([...rows.rooms.keys()]).toEqual(["x", "y"]);
    sweep(rows, 1000 + PASSING_MS);
    expect([...rows.rooms.keys()]).toEqual(["y"]);
    // What a node says behind that of rooms that it does not own any more changes nothing.
    told(rows, "one", { round: 3, all: [], isLast: true }, 8000);
    sweep(rows, 20_000);
    expect([...rows.rooms.keys()]).toEqual(["y"]);
    left(rows, "other", 20_000);
    sweep(rows, 20_000 + PASSING_MS);
    expect([...rows.rooms.keys()]).toEqual([]);
  });

  test("stays while a round is told in parts", () => {
    const rows = rowsOf();
    told(rows, "node", { round: 1, all: [report("x", 1), report("y", 1)], isLast: true }, 0);
    told(rows, "node", { round: 2, all: [report("y", 2)], isLast: false }, 1000);
    expect(rows.known.get("x")?.by).toBe("node");
    told(rows, "node", { round: 2, all: [report("x", 2)], isLast: true }, 1001);
    sweep(rows, 60_000);
    expect([...rows.rooms.keys()]).toEqual(["x", "y"]);
  });
});

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "R26: whoever comes and goes, no room is given more than it has, and a new one is made only where all are full (seed %i)",
  (seed) => {
    const random = fork(seed, "listing");
    const rows = rowsOf();
    /** Who is in each room, as that counts. */
    const rooms = new Map<string, Set<string>>();
    const coming: { readonly key: string; readonly id: string; readonly at: number }[] = [];
    let [round, now, toldAt] = [0, 0, 0];
    const arrive = (index: number): void => {
      for (const { key, id } of coming.splice(index, 1)) {
        rooms.get(id)?.add(`${key}@${id}`);
        kept(rows, key, now);
      }
    };
    for (let turn = 0; turn < 400; turn++) {
      now += between(random, 0, 400);
      sweep(rows, now);
      const before = new Map([...rooms].map(([id, { size }]) => [id, size]));
      for (const { id } of coming) before.set(id, (before.get(id) ?? 0) + 1);
      const [given] = give(rows, [[turn, `p${turn}`, `~${turn}`]], making, now);
      const id = given?.[1] ?? "";
      const isNew = given?.[2] === true;
      // All who came or are on their way fill what there is.
      if (isNew) for (const size of before.values()) expect(size).toBe(SEATS);
      else expect(before.get(id)).toBeLessThan(SEATS);
      if (isNew) rooms.set(id, new Set());
      coming.push({ key: `p${turn}`, id, at: now });
      while (coming.length > between(random, 0, 6) || (coming[0]?.at ?? now) < now - 5000)
        arrive((coming[0]?.at ?? now) < now - 5000 ? 0 : between(random, 0, coming.length - 1));
      // A node tells once a second at least where something has changed.
      if (random.float() > 0.3 && now - toldAt < 1000) continue;
      toldAt = now;
      const all = [...rooms].map(([at, seats]) => report(at, seats.size, [...seats]));
      told(rows, "node", { round: ++round, all, isLast: true }, now);
      expect(rows.held.size).toBe(coming.length);
    }
    for (const seats of rooms.values()) expect(seats.size).toBeLessThanOrEqual(SEATS);
  },
);
