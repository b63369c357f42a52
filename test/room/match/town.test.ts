/** R26: matchmaking over several servers. */
import { describe, expect, test } from "vitest";
import { LIST, Town, type Guest } from "./support/town.js";

/** So many are found rooms at once, on all servers, and sit down. */
async function crowd(town: Town, count: number, prefix = "g"): Promise<Guest[]> {
  const { servers } = town;
  const all = Array.from({ length: count }, (_, n) =>
    town.play(town.server(n % servers.length), `${prefix}${n}`),
  );
  return town.until(Promise.all(all));
}

/** How many rooms have so many players. */
function counts(rooms: ReadonlyMap<string, number>): Record<number, number> {
  const counted: Record<number, number> = {};
  for (const players of rooms.values()) counted[players] = (counted[players] ?? 0) + 1;
  return counted;
}

describe("R26: at one moment", () => {
  test("1,503 come for rooms of ten: 150 are full, and one is not", async () => {
    const town = new Town();
    const guests = await crowd(town, 1503);
    expect(counts(town.halls())).toEqual({ 10: 150, 3: 1 });
    await town.clock.advance(2500);
    expect(counts(town.list())).toEqual({ 10: 150, 3: 1 });
    expect(new Set(guests.map(({ channel }) => channel)).size).toBe(151);
    // Rooms are spread over the servers.
    for (const { rooms } of town.servers) expect(rooms.rooms.load.rooms).toBeGreaterThan(30);
    expect(town.errors).toEqual([]);
  });

  test("two on two servers find the same room", async () => {
    const town = new Town();
    const [one, other] = await town.until(
      Promise.all([town.find(town.server(0), "ann"), town.find(town.server(1), "bob")]),
    );
    expect(one.channel).toMatch(/^hall\/~[\w-]{15}$/);
    expect(other).toEqual(one);
    expect(town.halls().size).toBe(1);
  });

  test("one who asks a thousand times is one", async () => {
    const town = new Town();
    const asked = Array.from({ length: 1000 }, (_, n) => town.find(town.server(n % 3), "ann"));
    const found = await town.until(Promise.all(asked));
    expect(new Set(found.map(({ channel }) => channel)).size).toBe(1);
    expect(town.halls().size).toBe(1);
    expect(town.asked).toBeLessThanOrEqual(3);
    const guests = await crowd(town, 9);
    expect(new Set([...found, ...guests].map(({ channel }) => channel)).size).toBe(1);
  });
});

describe("R26: a room that has a place", () => {
  test("is found before another one is made, also by who is matched by it later", async () => {
    const town = new Town();
    const guests = await crowd(town, 10);
    await town.clock.advance(20_000);
    await town.until(guests[3]?.seated.leave() ?? Promise.reject(new Error("nobody")));
    await town.clock.advance(1500);
    const late = await town.until(town.play(town.server(2), "late"));
    expect(late.channel).toBe(guests[0]?.channel);
    const later = await town.until(town.play(town.server(1), "later"));
    expect(later.channel).not.toBe(guests[0]?.channel);
    expect(counts(town.halls())).toEqual({ 10: 1, 1: 1 });
  });

  test("is the fullest of them", async () => {
    const town = new Town();
    const guests = await crowd(town, 30);
    await town.clock.advance(20_000);
    const rooms = [...new Set(guests.map(({ channel }) => channel))];
    const leaving = rooms.flatMap((channel, n) =>
      guests.filter((guest) => guest.channel === channel).slice(0, n + 1),
    );
    await town.until(Promise.all(leaving.map(({ seated }) => seated.leave())));
    await town.clock.advance(1500);
    const found: string[] = [];
    for (let n = 0; n < 6; n++) found.push((await town.until(town.find(town.server(0), `n${n}`))).channel);
    expect(found).toEqual([0, 1, 1, 2, 2, 2].map((n) => rooms[n]));
  });

  test("that others took by its name is not overfilled: the next one is found", async () => {
    const town = new Town();
    const [ann] = await crowd(town, 1);
    const channel = ann?.channel ?? "";
    await town.clock.advance(1500);
    const strangers = Array.from({ length: 9 }, (_, n) => town.join(town.server(1), `stranger${n}`, channel));
    await town.until(Promise.all(strangers));
    // The list does not know yet.
    const late = await town.until(town.play(town.server(2), "late"));
    expect(late.channel).not.toBe(channel);
    expect(town.halls().get(channel)).toBe(10);
  });

  test("is kept for who found it for ten seconds, and then is others'", async () => {
    const town = new Town();
    const { channel } = await town.until(town.find(town.server(0), "ann"));
    const taking = Array.from({ length: 10 }, (_, n) => town.join(town.server(1), `s${n}`, channel));
    const results = await town.until(Promise.allSettled(taking));
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(1);
    await town.until(town.join(town.server(0), "ann", channel));
    expect(town.halls().get(channel)).toBe(10);
    const next = await town.until(town.find(town.server(0), "bob"));
    await town.clock.advance(13_000);
    const others = Array.from({ length: 10 }, (_, n) => town.join(town.server(1), `t${n}`, next.channel));
    await town.until(Promise.all(others));
    expect(town.halls().get(next.channel)).toBe(10);
  });
});

describe("R26: rooms are for who asked for the same", () => {
  test("and who asks for something else finds another one", async () => {
    const town = new Town();
    const [ffa, duel, none] = await town.until(
      Promise.all([
        town.play(town.server(0), "ann"),
        town.play(town.server(1), "bob", { match: { mode: "duel" } }),
        town.play(town.server(2), "cay", { match: {} }),
      ]),
    );
    expect(new Set([ffa.channel, duel.channel, none.channel]).size).toBe(3);
    await town.clock.advance(2000);
    expect([...town.list().keys()]).toEqual([ffa.channel]);
    expect([...town.list("$match/hall/mode=duel").keys()]).toEqual([duel.channel]);
    expect([...town.list("$match/hall/mode=").keys()]).toEqual([none.channel]);
  });

  test("where none may be made nobody makes anything, not even the room that matches", async () => {
    const town = new Town();
    const mayMake = (): Promise<void> => Promise.reject(new Error("you may not"));
    await expect(town.until(town.find(town.server(0), "eve", { mayMake }))).rejects.toThrow("you may not");
    expect(town.servers.map(({ rooms }) => rooms.rooms.load.rooms)).toEqual([0, 0, 0]);
    // Who may only join finds what others have made.
    const ann = await town.until(town.play(town.server(1), "ann"));
    const eve = await town.until(town.play(town.server(0), "eve", { mayMake }));
    expect(eve.channel).toBe(ann.channel);
  });
});

test("R26: a server that needs no room that matches lets go of it, and where none does it stops", async () => {
  const town = new Town();
  const ann = await town.until(town.play(town.server(0), "ann"));
  await town.until(ann.seated.leave());
  await town.clock.advance(60_000);
  expect(town.halls().size).toBe(0);
  expect(town.list().size).toBe(0);
  await town.clock.advance(60_000);
  expect(town.ownerOf(LIST)).toBeUndefined();
  const bob = await town.until(town.play(town.server(1), "bob"));
  expect(town.halls().get(bob.channel)).toBe(1);
  expect(town.errors).toEqual([]);
});
