/** What a game makes of connections that end, owners that change, and frames that are broken. */
import { describe, expect, test } from "vitest";
import { collect, outcome } from "../world.js";
import { SEEDS } from "./game.js";
import { player, STILL, type Keys } from "./model-room.js";
import { begun, PlayServer, SEAT } from "./play-server.js";

const RIGHT: Keys = { dx: 1, dy: 0, aim: 0 };
/** How far one input goes. */
const STEP = 8;

interface Resumed {
  readonly lost: boolean;
  readonly tick: number;
}

describe("a game over several connections", () => {
  test("N87: asks for its seat again, says that it had it, and where it is", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const { tick } = server.room;
    await server.cut();
    await server.world.pass(200);
    expect(server.wanted[1]).toEqual({ ...server.wanted[0], had: true, cursor: `reign-a:${tick}` });
    expect(game.frame().players.get(SEAT)?.x).toBe(1000);
    expect(game.link.age).toBeLessThan(60);
  });

  test.each(SEEDS)("N88: has all inputs come once and in order, over cuts (seed %i)", async (seed) => {
    const server = new PlayServer({ seed, delay: 150, jitter: 50 });
    const game = await begun(server);
    let made = 0;
    const stop = game.pace(() => {
      made++;
      return { ...RIGHT, aim: made / 1000 };
    });
    for (const ms of [300, 700, 450]) {
      await server.world.pass(2000);
      await server.cut(ms);
    }
    await server.world.pass(3000);
    stop();
    await server.world.pass(2000);
    const first = new Map(server.inputs.map(([n, input]) => [n, input.aim]));
    const numbers = server.inputs.map(([n]) => n);
    // Some were sent again, and said the same.
    expect(numbers.length, `seed ${seed}`).toBeGreaterThan(first.size);
    for (const [n, input] of server.inputs) expect(input.aim).toBe(first.get(n));
    expect([...first.keys()]).toEqual([...first.keys()].map((_, index) => index + 1));
    expect(game.link.pending).toBe(0);
    expect(game.frame().players.get(SEAT)?.x).toBe(server.room.me?.x);
  });

  test("N87: goes on with the numbers that its seat had on a page before", async () => {
    const server = new PlayServer();
    server.answer = { last: 41 };
    const game = await begun(server);
    expect(game.input(RIGHT)).toBe(42);
  });

  test("N87: goes on behind the numbers that another page used meanwhile", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    expect(game.input(RIGHT)).toBe(1);
    await server.world.pass(200);
    server.tells = false;
    const sent = outcome(game.send(RIGHT));
    server.answer = { last: 500 };
    await server.cut();
    await server.world.pass(100);
    expect([sent.value, game.link.pending, game.input(RIGHT)]).toEqual(["outcome_unknown", 0, 501]);
  });

  test("N90: says that it goes on, where it has stood still for a second", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const resumed = collect<Resumed>();
    game.on("resumed", resumed.add);
    await server.cut(400);
    await server.world.pass(500);
    expect(resumed.all).toEqual([]);
    await server.cut(3000);
    expect(game.link.age).toBeGreaterThan(3000);
    await server.world.pass(500);
    expect(resumed.all).toMatchObject([{ lost: false }]);
    // The same where the room stood still, and the connection did not.
    server.runs = false;
    await server.world.pass(2000);
    server.runs = true;
    await server.world.pass(200);
    expect(resumed.all).toHaveLength(2);
  });

  test("N90: a spectator comes back as one", async () => {
    const server = new PlayServer();
    await begun(server, { spectate: true });
    const { tick } = server.room;
    await server.cut();
    await server.world.pass(100);
    expect(server.wanted[1]).toEqual({ kind: "room", cursor: `reign-a:${tick}` });
  });
});

describe("another owner", () => {
  test.each([
    ["epoch", false],
    ["rollback", true],
  ] as const)(
    "N90: is a gap with the reason %s, and then a frame that says everything",
    async (reason, lost) => {
      const server = new PlayServer();
      const game = await begun(server);
      const resumed = collect<Resumed>();
      const gaps = collect<object>();
      game.on("resumed", resumed.add);
      game.on("gap", gaps.add);
      const before = server.room.tick;
      server.room.players.set("bob", player(500, 500));
      await server.world.pass(500);
      expect([...game.frame().players.keys()].toSorted()).toEqual(["bob", SEAT]);
      server.runs = false;
      server.room.players.delete("bob");
      server.takeOver(5, reason);
      await server.world.pass(3000);
      // What is shown stays.
      expect(game.frame().players.size).toBe(2);
      expect(gaps.all).toMatchObject([{ until: 0, reason }]);
      expect(resumed.all).toEqual([]);
      server.runs = true;
      await server.world.pass(60);
      expect(resumed.all).toEqual([{ lost, tick: 6 }]);
      await server.world.pass(500);
      expect([...game.frame().players.keys()]).toEqual([SEAT]);
      expect(game.tick).toBeLessThan(before);
      // On the next connection it is where it was under this one.
      await server.cut();
      await server.world.pass(100);
      expect(server.wanted[1]?.["cursor"]).toMatch(/^reign-a\+:\d+$/);
    },
  );

  test("N88, N90: takes the inputs that the one before had not", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    for (let i = 0; i < 3; i++) game.input(RIGHT);
    await server.world.pass(300);
    expect(server.room.ack).toBe(3);
    // It goes on from a checkpoint of before the last two, which nobody offers again; numbers go on.
    const row = server.room.me;
    if (row) row.x -= 2 * STEP;
    server.takeOver(3, "epoch", 1);
    await server.world.pass(300);
    expect(game.input(RIGHT)).toBe(4);
    await server.world.pass(400);
    expect(game.frame().players.get(SEAT)?.x).toBe(server.room.me?.x);
    expect(game.link.pending).toBe(0);
  });

  test("N90: while the client was away is a gap on its next connection", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const resumed = collect<Resumed>();
    game.on("resumed", resumed.add);
    server.world.link.cut();
    server.takeOver(2, "epoch");
    await server.cut(1000);
    await server.world.pass(200);
    expect(resumed.all).toMatchObject([{ lost: false }]);
    expect(game.link.age).toBeLessThan(100);
  });
});

describe("a frame", () => {
  test("N93: that cannot be read costs a connection, and not the game", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const errors = collect<Error>();
    const { tick } = server.room;
    server.world.client.on("error", errors.add);
    server.isOpen = false;
    server.spoil = (bytes) => bytes.subarray(0, 3);
    await server.world.pass(50);
    server.spoil = (bytes) => bytes;
    expect(server.world.client.status).not.toBe("online");
    expect(errors.all).toMatchObject([{ code: "malformed" }]);
    await server.cut();
    await server.world.pass(200);
    // Everything comes anew, in the same seat.
    expect(server.wanted[1]).toEqual({ ...server.wanted[0], had: true, cursor: `reign-a:${tick}` });
    expect(game.link.age).toBeLessThan(60);
    game.input(RIGHT);
    await server.world.pass(300);
    expect(game.frame().players.get(SEAT)?.x).toBe(1000 + STEP);
  });

  test("N93: that stands on one which is not here is such a one", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    server.spoil = (bytes) => Uint8Array.from(bytes, (byte, index) => (index === 3 ? 7 : byte));
    await server.world.pass(50);
    server.spoil = (bytes) => bytes;
    await server.world.pass(1000);
    expect([server.world.links.length, server.wanted.length]).toEqual([2, 2]);
    expect(game.ended).toBeUndefined();
    expect(game.link.age).toBeLessThan(60);
  });

  test("N93: of which three in a row cannot be read ends the game", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const left = collect<object>();
    game.on("left", left.add);
    server.spoil = () => new Uint8Array(2);
    await server.world.pass(5000);
    expect(left.all).toMatchObject([{ code: "malformed" }]);
    expect([server.world.links.length, server.world.client.status]).toEqual([3, "online"]);
  });

  test("N67, N93: comes in parts, of which some are dropped with their connection", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    server.tells = false;
    const part = (bytes: Uint8Array, tick: number, about: object): void => {
      const line = JSON.stringify([server.ch, tick, null, { bytes: bytes.length, ...about }]);
      server.world.link.sayBytes(Buffer.concat([Buffer.from(`${line}\n`), bytes]));
    };
    server.room.anew();
    const { tick, bytes } = server.room.frame();
    const next = tick + 1;
    part(bytes.subarray(0, 7), next, { part: 0, more: true });
    await server.cut();
    await server.world.pass(100);
    part(bytes.subarray(0, 7), next, { part: 0, more: true });
    const came = collect<number>();
    game.on("frame", came.add);
    part(bytes.subarray(7, 9), next, { part: 1, more: true });
    expect(came.all).toEqual([]);
    part(bytes.subarray(9), next, { part: 2 });
    expect(came.all).toEqual([next]);
    expect(game.ended).toBeUndefined();
  });
});

test("N89: frames of a client that stands still are shown when it goes on, and nothing is kept but the newest", async () => {
  const server = new PlayServer();
  const game = await begun(server);
  await server.world.pass(60_000);
  game.input(STILL);
  expect(game.frame().players.get(SEAT)).toMatchObject({ x: 1000 });
  expect(game.link.bytes).toBeGreaterThan(0);
});
