/** What operators are told of a room, and of all of them. */
import { describe, expect, test } from "vitest";
import type { PageOfNames } from "../../../src/server/inspection/count.js";
import { addUpRooms, countRooms, type RoomParts } from "../../../src/server/room/rooms-count.js";
import { gameOf } from "../rooms/support.js";
import { changed } from "../app-state/support.js";
import { ROOM, operated } from "./support.js";

const ALL: PageOfNames = { prefix: "", after: "", limit: 100 };

describe("info", () => {
  test("A90: says who runs a room, who is in it, and who looks on", async () => {
    const { world, room, after, play, look } = operated();
    const ann = await play("ann");
    const bob = await play("bob");
    await look();
    await look();
    bob.peer.close("going_away", "");
    await world.clock.advance(200);
    const info = await after(room().info());
    expect(info).toMatchObject({
      channel: ROOM,
      status: "running",
      rate: 20,
      most: 3,
      owner: { node: world.broker.node, n: 1 },
      short: 0,
      reserved: 0,
      spectators: 2,
      ticksLate: 0,
      seats: [
        { id: ann.ok["seat"], user: { id: "ann" }, here: true },
        { id: bob.ok["seat"], user: { id: "bob" }, here: false },
      ],
    });
    expect(info.reason).toBeUndefined();
    expect(info.tick).toBeGreaterThan(2);
    expect(info.owner?.reign).toMatch(/^[\w-]{8}$/);
    expect(info.tickTime).toBeGreaterThanOrEqual(0);
  });

  test("A90: is the same on every node", async () => {
    const one = operated();
    await one.play("ann");
    const other = operated({ "arena/:id": gameOf() }, { beside: one.world });
    await other.look();
    const [here, there] = [await one.after(one.room().info()), await one.after(other.room().info())];
    expect(there).toMatchObject({ owner: here.owner, seats: here.seats, spectators: 1 });
    expect(here.spectators).toBe(1);
  });

  test("A90: of a room that nobody has made, that is stopped, and that has ended", async () => {
    const { world, rooms, room, after, play } = operated();
    expect(await after(room().info())).toMatchObject({ status: "none", seats: [], owner: undefined });
    const ann = await play("ann");
    await ann.peer.ask({ unsubscribe: ROOM });
    await world.clock.advance(40_000);
    expect(rooms.stats.owned).toBe(0);
    const stopped = await after(room().info());
    expect(stopped).toMatchObject({ status: "stopped", seats: [], owner: { node: world.broker.node, n: 1 } });
    expect(stopped.tick).toBeGreaterThan(100);
    expect(stopped.reason).toBeUndefined();
    await after(room().close("the season is over"));
    expect(await after(room().info())).toMatchObject({
      status: "closed",
      reason: "the season is over",
      seats: [],
    });
    expect(rooms.stats.owned).toBe(0);
  });

  test("A90: one whose server is gone says who was in it", async () => {
    const one = operated();
    await one.play("ann");
    const other = operated({ "arena/:id": gameOf() }, { beside: one.world });
    // Its process ends, without a word.
    one.world.engine.rooms?.rooms.close();
    await one.world.broker.close();
    expect(await other.after(other.room().info())).toMatchObject({
      status: "stopped",
      reason: "its last server is gone",
      seats: [{ user: { id: "ann" }, here: false }],
    });
  });

  test("A90: an owner that is there and does not answer is unavailable, and so is a broker", async () => {
    const one = operated();
    await one.play("ann");
    let isCut = false;
    const other = operated(
      { "arena/:id": gameOf() },
      {
        beside: one.world,
        broker: (broker) =>
          changed(broker, { send: (node, text) => (isCut ? Promise.resolve() : broker.send(node, text)) }),
      },
    );
    isCut = true;
    await expect(other.after(other.room().info())).rejects.toMatchObject({
      code: "unavailable",
      retry: true,
      message: expect.stringContaining(one.world.broker.node) as string,
    });
    await other.world.broker.close();
    await expect(other.after(other.room().info())).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("the rooms of all nodes", () => {
  test("A95: are those that nodes own, with who is in them, in pages", async () => {
    const one = operated();
    const other = operated({ "arena/:id": gameOf() }, { beside: one.world });
    for (const id of ["c", "a", "d", "b"]) await one.play(`p${id}`, `arena/${id}`);
    await one.play("second", "arena/b");
    await other.look("arena/b");
    await other.look("arena/never");
    const { rooms, nodes, next } = await one.after(other.rooms.count(ALL));
    // Nobody answers for the brokers of the tests themselves.
    expect(nodes.answered).toBe(2);
    expect(nodes.asked).toBeGreaterThan(2);
    expect(next).toBeUndefined();
    expect(
      rooms.map(({ channel, players, here, spectators }) => [channel, players, here, spectators]),
    ).toEqual([
      ["arena/a", 1, 1, 0],
      ["arena/b", 2, 2, 1],
      ["arena/c", 1, 1, 0],
      ["arena/d", 1, 1, 0],
    ]);
    for (const room of rooms) {
      expect([one.world.broker.node, other.world.broker.node]).toContain(room.node);
      expect(room).toMatchObject({ n: 1, rate: 20, ticksLate: 0 });
    }
    const first = await one.after(one.rooms.count({ ...ALL, limit: 3 }));
    expect(first.next).toBe("arena/c");
    const rest = await one.after(one.rooms.count({ ...ALL, limit: 3, after: "arena/c" }));
    expect([first.rooms.length, rest.rooms.map(({ channel }) => channel)]).toEqual([3, ["arena/d"]]);
    const some = await one.after(one.rooms.count({ ...ALL, prefix: "arena/b" }));
    expect(some.rooms.map(({ channel }) => channel)).toEqual(["arena/b"]);
  });

  test("A98: are counted on the node that owns them", async () => {
    const { rooms, world, play, look } = operated();
    expect(rooms.stats).toEqual({
      owned: 0,
      players: 0,
      spectators: 0,
      tickTime: 0,
      ticks: 0,
      ticksLate: 0,
      takeovers: 0,
    });
    await play("ann");
    await play("bob", "arena/2");
    await look();
    await world.clock.advance(1000);
    expect(rooms.stats).toMatchObject({ owned: 2, players: 2, spectators: 1, ticksLate: 0, takeovers: 0 });
    expect(rooms.stats.ticks).toBeGreaterThan(30);
  });

  test("A95: pages of many are the same as the whole list, cut, whichever node has what", () => {
    const names = Array.from({ length: 60 }, (_, n) => `arena/${(n * 37) % 60}`);
    const answerOf = (node: string, at: number, page: PageOfNames): RoomParts => {
      const own = names
        .filter((_, n) => n % 3 === at)
        .map((channel) => ({
          channel,
          reign: "aB3_-xYz",
          record: { n: 1 },
          run: { tick: 1, seats: new Map(), settings: { rate: 20 } },
          meter: { tickTime: 1, late: 0 },
        }));
      const places = names.filter((_, n) => n % 5 === at).map((channel) => ({ channel, spectators: 1 }));
      return countRooms(node, { rooms: own, places } as never, page);
    };
    for (const limit of [1, 7, 59, 60, 1000]) {
      const listed: string[] = [];
      let after: string | undefined = "";
      let watching = 0;
      while (after !== undefined) {
        const page: PageOfNames = { prefix: "arena/", after, limit };
        const answers = ["a", "b", "c"].map((node, at) => answerOf(node, at, page));
        const { rooms, next } = addUpRooms(answers, page);
        listed.push(...rooms.map(({ channel }) => channel));
        for (const { spectators } of rooms) watching += spectators;
        after = next;
      }
      expect(listed).toEqual(names.toSorted());
      expect(watching).toBe(36);
    }
  });

  test("A95: of two nodes that think a room theirs the later reign is listed", () => {
    const owned = (node: string, n: number) => ({
      channel: ROOM,
      spectators: 1,
      owned: {
        node,
        n,
        reign: "aB3_-xYz",
        tick: 1,
        rate: 20,
        players: 1,
        here: 1,
        tickTime: 1,
        ticksLate: 0,
      },
    });
    for (const parts of [
      [owned("a", 2), owned("b", 3)],
      [owned("b", 3), owned("a", 2)],
    ]) {
      const { rooms } = addUpRooms(
        parts.map((part) => ({ parts: [part], more: false })),
        ALL,
      );
      expect(rooms).toMatchObject([{ channel: ROOM, node: "b", n: 3, spectators: 2 }]);
    }
  });
});
