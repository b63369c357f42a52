/** R26: what becomes of lists and decisions when servers and data are lost. */
import { describe, expect, test } from "vitest";
import { between, fork, pick } from "../../../src/testing/sim/fork.js";
import { LIST, Town, type Guest, type Server } from "./support/town.js";

function mustOwn(town: Town, channel: string): Server {
  const owner = town.ownerOf(channel);
  if (owner === undefined) throw new Error(`nobody owns ${channel}`);
  return owner;
}

/** A server that does not own this. */
function another(town: Town, ...not: readonly Server[]): Server {
  const server = town.servers.find((one) => !not.includes(one));
  if (server === undefined) throw new Error("there is no other server");
  return server;
}

/** Rooms and how many are in them, in an order that goes by their names. */
function sorted(rooms: ReadonlyMap<string, number>): string[] {
  return Array.from(rooms, ([channel, players]) => `${channel} ${players}`).sort();
}

async function play(town: Town, server: Server, count: number, prefix: string): Promise<Guest[]> {
  const all = Array.from({ length: count }, (_, n) => town.play(server, `${prefix}${n}`));
  return town.until(Promise.all(all));
}

describe("R26: the room that matches", () => {
  test("has decided what it has decided, whatever becomes of its owner in that moment", async () => {
    const town = new Town();
    const first = town.server(0);
    await play(town, first, 1, "g");
    const owner = mustOwn(town, LIST);
    const asking = another(town, owner);
    const found = await town.until(
      Promise.all(Array.from({ length: 24 }, (_, n) => town.find(asking, `h${n}`))),
    );
    town.kill(owner);
    const more = await town.until(
      Promise.all(Array.from({ length: 5 }, (_, n) => town.find(asking, `i${n}`))),
    );
    // 1, 24 and 5 are three rooms.
    expect(new Set([...found, ...more].map(({ channel }) => channel)).size).toBe(3);
    expect(mustOwn(town, LIST)).not.toBe(owner);
  });

  test("goes on on another server that it was handed to, and those who ask wait for that", async () => {
    const town = new Town();
    await play(town, town.server(0), 13, "g");
    const owner = mustOwn(town, LIST);
    const draining = owner.engine.drainRooms();
    const asking = another(town, owner);
    const found = await town.until(
      Promise.all(Array.from({ length: 6 }, (_, n) => town.find(asking, `h${n}`))),
    );
    await town.until(draining);
    expect(new Set(found.map(({ channel }) => channel)).size).toBe(1);
    expect(mustOwn(town, LIST)).not.toBe(owner);
    await town.clock.advance(8000);
    expect([...town.list().values()].sort((a, b) => a - b)).toEqual([3, 10]);
  });

  test("is told all anew where the store has lost everything, and its owner with it", async () => {
    const town = new Town({ servers: 4 });
    const asking = town.server(0);
    await play(town, asking, 12, "g");
    await town.clock.advance(3000);
    const owner = mustOwn(town, LIST);
    town.loseAll();
    if (owner !== asking) town.kill(owner);
    await town.clock.advance(15_000);
    expect(sorted(town.list())).toEqual(sorted(town.halls()));
    const [late] = await play(town, another(town), 1, "late");
    expect(town.halls().get(late?.channel ?? "")).toBeLessThanOrEqual(10);
  });

  test("goes on with what it knows where the store has lost everything, and nobody else is lost", async () => {
    const town = new Town();
    await play(town, town.server(1), 12, "g");
    await town.clock.advance(3000);
    const before = sorted(town.list());
    town.loseAll();
    await town.clock.advance(15_000);
    expect(sorted(town.list())).toEqual(before);
    const [late] = await play(town, town.server(2), 1, "late");
    expect(town.halls().get(late?.channel ?? "")).toBe(3);
  });

  test("answers who has not heard the answer", async () => {
    const town = new Town();
    await play(town, town.server(0), 1, "g");
    const owner = mustOwn(town, LIST);
    const asking = another(town, owner);
    owner.way.isMute = true;
    const finding = Promise.all([town.find(asking, "ann"), town.find(asking, "bob")]);
    await town.clock.advance(700);
    owner.way.isMute = false;
    const [ann, bob] = await town.until(finding);
    expect(ann).toEqual(bob);
    expect(town.halls().size).toBe(1);
  });
});

describe("R26: a room in the list", () => {
  test("is the same when its server has died, with its next owner", async () => {
    const town = new Town();
    const [ann] = await play(town, town.server(0), 4, "g");
    const channel = ann?.channel ?? "";
    await town.clock.advance(3000);
    const owner = mustOwn(town, channel);
    const asking = another(town, owner);
    await play(town, asking, 1, "h");
    town.kill(owner);
    await town.untilSo(() => town.ownerOf(channel) !== undefined);
    await town.clock.advance(15_000);
    expect([...town.list().keys()]).toEqual([channel]);
    const [late] = await play(town, asking, 1, "late");
    expect(late?.channel).toBe(channel);
  });

  test("that has ended is not in it any more, and nobody is sent there", async () => {
    const town = new Town();
    const [ann] = await play(town, town.server(0), 4, "g");
    const channel = ann?.channel ?? "";
    await town.clock.advance(3000);
    // Somebody asks in that moment.
    const ending = town.server(1).rooms.ask(channel, { is: "close", reason: "over" });
    const [late] = await town.until(Promise.allSettled([town.play(town.server(2), "late")]));
    expect(await town.until(ending)).toMatchObject({ code: "ok" });
    if (late.status === "rejected") expect(late.reason).toMatchObject({ code: "room_closed" });
    const [later] = await play(town, town.server(2), 1, "later");
    expect(later?.channel).not.toBe(channel);
    await town.clock.advance(1500);
    expect(town.list().has(channel)).toBe(false);
  });

  test("that nobody owns any more is forgotten within some seconds", async () => {
    const town = new Town();
    const [ann] = await play(town, town.server(0), 1, "g");
    const channel = ann?.channel ?? "";
    await town.clock.advance(3000);
    await town.until(ann?.seated.leave() ?? Promise.resolve());
    await town.untilSo(() => town.ownerOf(channel) === undefined, 60_000);
    await town.clock.advance(8000);
    expect(town.list().size).toBe(0);
  });
});

test.each([1, 4, 7])(
  "R26: servers die, stand still and come, rooms end, players come and go: none is overfilled, and the list is true in the end (seed %i)",
  async (seed) => {
    const random = fork(seed, "town");
    const town = new Town({ servers: 4, seed });
    const guests: Guest[] = [];
    const failed: unknown[] = [];
    let number = 0;
    const come = async (server: Server): Promise<void> => {
      try {
        guests.push(await town.play(server, `p${seed}.${++number}`));
      } catch (error) {
        failed.push(error);
      }
    };
    for (let turn = 0; turn < 60; turn++) {
      const server = pick(random, town.servers);
      switch (between(random, 0, 9)) {
        case 0:
          if (town.servers.length > 2 && random.float() < 0.4) town.kill(server);
          else if (town.servers.length < 4) town.add();
          break;
        case 1:
          server.process.pause();
          town.clock.setTimeout(() => server.process.resume(), between(random, 100, 6000));
          break;
        case 2:
          if (guests.length > 0)
            void server.rooms.ask(pick(random, guests).channel, { is: "close", reason: "over" });
          break;
        case 3:
        case 4: {
          const [guest] = guests.splice(between(random, 0, guests.length), 1);
          guest?.seated.leave().catch(() => {});
          break;
        }
        default:
          for (let i = between(random, 1, 8); i > 0; i--) void come(server);
      }
      await town.clock.advance(between(random, 10, 700));
      for (const players of town.halls().values()) expect(players).toBeLessThanOrEqual(10);
    }
    for (const { process } of town.servers) process.resume();
    await town.clock.advance(40_000);
    // Rooms of dead servers that somebody is in have another owner by now; those that are listed are there, and the other way round.
    // One that nobody was in has stopped in the end, and is forgotten seconds later.
    const isTrue = (): boolean =>
      JSON.stringify(sorted(town.list())) === JSON.stringify(sorted(town.halls()));
    await town.untilSo(isTrue, 10_000);
    const late = await town.until(town.play(pick(random, town.servers), "late"));
    expect(town.halls().get(late.channel)).toBeLessThanOrEqual(10);
    expect(town.errors).toEqual([]);
  },
);
