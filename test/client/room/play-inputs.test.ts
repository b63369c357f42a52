/** Inputs, as a game makes and sends them, and what is shown of them. */
import { describe, expect, test } from "vitest";
import { World, collect, outcome } from "../world.js";
import { SEEDS } from "./game.js";
import { Spawns } from "../../../src/client/room/spawns.js";
import { move, player, STILL, type Keys, type Player } from "./model-room.js";
import { begun, OPTIONS, PlayServer, SEAT } from "./play-server.js";

const RIGHT: Keys = { dx: 1, dy: 0, aim: 0 };
const STEP = 8;
const PHONE = { delay: 150, jitter: 50 };

describe("over a link of 150 ± 50 ms", () => {
  test.each(SEEDS)(
    "N89: own movement shows at once, and others a little in the past (seed %i)",
    async (seed) => {
      const server = new PlayServer({ seed, ...PHONE });
      const game = await begun(server);
      server.room.players.set("bob", player(100, 100));
      server.room.code = ({ players }) => {
        const bob = players.get("bob");
        if (bob) bob.x += 4;
      };
      const stop = game.pace(() => RIGHT);
      expect(game.frame().players.get(SEAT)?.x).toBe(1000);
      await server.world.pass(60);
      expect(game.frame().players.get(SEAT)?.x).toBeGreaterThan(1000);
      let worst = 0;
      let last = 0;
      for (let i = 0; i < 300; i++) {
        await server.world.pass(16);
        const { x } = game.frame().players.get(SEAT) ?? { x: 0 };
        expect(x, `seed ${seed}`).toBeGreaterThanOrEqual(last);
        last = x;
        worst = Math.max(worst, game.link.correction);
      }
      expect(worst, `seed ${seed}`).toBe(0);
      const bob = game.frame().players.get("bob")?.x ?? 0;
      expect(bob).toBeGreaterThan(100);
      expect(bob).toBeLessThan(server.room.players.get("bob")?.x ?? 0);
      expect(game.link.rtt).toBeGreaterThan(200);
      expect(game.link.rtt).toBeLessThan(460);
      expect(game.link.delay).toBeGreaterThanOrEqual(100);
      expect(game.link.drift?.class).toBe("matched");
      stop();
      await server.world.pass(1500);
      expect(game.frame().players.get(SEAT)?.x).toBe(server.room.me?.x);
    },
  );

  test.each(SEEDS)("N94: has about one input wait in the room for each tick (seed %i)", async (seed) => {
    const server = new PlayServer({ seed, ...PHONE });
    const game = await begun(server);
    game.pace(() => RIGHT);
    await server.world.pass(30_000);
    expect(server.room.starved, `seed ${seed}`).toBeLessThan(server.room.tick * 0.1);
    expect(server.room.dropped).toBe(0);
    expect(game.link.pending).toBeLessThan(16);
  });
});

describe("inputs", () => {
  test("N88: are numbered from 1, and say which tick was shown", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    game.frame();
    await server.world.pass(30);
    game.frame();
    expect([game.input(RIGHT), game.input(STILL)]).toEqual([1, 2]);
    await server.world.pass(10);
    expect(server.inputs.map(([n, input]) => [n, input])).toEqual([
      [1, RIGHT],
      [2, STILL],
    ]);
    for (const [, , seen = -1] of server.inputs) {
      expect(Number.isInteger(seen)).toBe(true);
      expect(seen).toBeGreaterThan(server.room.tick - 5);
      expect(seen).toBeLessThanOrEqual(server.room.tick);
    }
  });

  test("N88: are what they were when they were made, whatever becomes of the object", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const keys = { dx: 1, dy: 0, aim: 0 };
    game.input(keys);
    keys.dx = -1;
    server.tells = false;
    await server.cut();
    await server.world.pass(100);
    expect(server.inputs.map(([, { dx }]) => dx)).toEqual(server.inputs.map(() => 1));
    server.tells = true;
    await server.world.pass(300);
    expect(game.frame().players.get(SEAT)?.x).toBe(1000 + STEP);
  });

  test("N88: are refused here while 32 are not acknowledged", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    server.tells = false;
    for (let n = 1; n <= 32; n++) expect(game.input(STILL)).toBe(n);
    expect(game.input(STILL)).toBeUndefined();
    await expect(game.send(STILL)).rejects.toMatchObject({ code: "outbox_full" });
    expect(game.link.pending).toBe(32);
    server.tells = true;
    await server.world.pass(2000);
    expect(game.input(STILL)).toBe(33);
  });

  test("N88: are JSON, and not too much of it", async () => {
    const game = await begun();
    const odd = (value: unknown): Keys => value as Keys;
    expect(() => game.input(odd(undefined))).toThrow(/no JSON/);
    expect(() => game.input(odd({ big: 1n }))).toThrow(/no JSON/);
    expect(() => game.input(odd("x".repeat(16_384)))).toThrow(/16384 bytes/);
    expect(game.link.pending).toBe(0);
  });

  test("N91: that are refused are taken back at once, and their numbers are used up", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const refused = collect<object>();
    game.on("refused", refused.add);
    server.refuses = (n) => (n === 2 ? { code: "rate_limited", message: "too fast", after: 50 } : undefined);
    server.runs = false;
    const sent = [game.send(RIGHT), game.send(RIGHT), game.send(RIGHT)].map(outcome);
    await server.world.pass(20);
    expect(refused.all).toEqual([{ n: 2, code: "rate_limited", message: "too fast", after: 50 }]);
    expect(sent.map(({ value }) => value)).toEqual(["pending", "rate_limited", "pending"]);
    await server.world.pass(400);
    expect(game.frame().players.get(SEAT)?.x).toBe(1000 + 2 * STEP);
    server.runs = true;
    await server.world.pass(400);
    expect(sent.map(({ value }) => value)).toEqual(["done", "rate_limited", "done"]);
    expect([game.link.pending, game.link.correction, game.input(STILL)]).toEqual([0, 0, 4]);
  });

  test("N94: come one a tick, the first at once, and none when told so or when there is nothing to do", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    let reads = 0;
    const stop = game.pace(() => (++reads % 2 === 0 ? undefined : STILL));
    expect(game.link.pending).toBe(1);
    await server.world.pass(1000);
    expect(reads).toBeGreaterThanOrEqual(18);
    expect(reads).toBeLessThanOrEqual(23);
    stop();
    const before = reads;
    await server.world.pass(1000);
    expect([reads, game.link.pending]).toEqual([before, 0]);
    // One that throws is told, and the next is asked for.
    game.pace(() => {
      reads++;
      throw new Error("no keys");
    });
    await server.world.pass(500);
    expect(reads - before).toBeGreaterThan(8);
    expect(server.world.reports.at(-1)).toMatchObject({ code: "handler_failed" });
    game.close();
    await server.world.pass(100);
    const last = reads;
    await server.world.pass(1000);
    expect(reads).toBe(last);
  });
});

describe("what is shown", () => {
  test("N89: is the same objects each time, and makes none", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const frame = game.frame();
    const { players } = frame;
    const row = players.get(SEAT);
    for (let i = 0; i < 20; i++) {
      game.input(RIGHT);
      await server.world.pass(50);
      expect(game.frame()).toBe(frame);
      expect(game.frame().players).toBe(players);
      expect(game.frame().players.get(SEAT)).toBe(row);
    }
  });

  test("N89: is as the room tells it, where that is wished", async () => {
    const server = new PlayServer(PHONE);
    const game = await begun(server);
    game.predicts = false;
    game.input(RIGHT);
    await server.world.pass(60);
    expect(game.frame().players.get(SEAT)?.x).toBe(1000);
    expect([game.predicts, game.interpolates]).toEqual([false, true]);
    game.predicts = true;
    expect(game.frame().players.get(SEAT)?.x).toBe(1000 + STEP);
    game.interpolates = false;
    await server.world.pass(1000);
    expect(game.interpolates).toBe(false);
    expect(game.frame().players.get(SEAT)?.x).toBe(1000 + STEP);
  });

  test("N89: has rows that an input makes before the room has them", async () => {
    const server = new PlayServer();
    const spawns = { players: new Spawns<Player>() };
    const game = await begun(server, { ...OPTIONS, predict: { players: move }, spawns });
    const made = player(7, 7);
    game.spawn("players", "ghost", made);
    expect(game.frame().players.get("ghost")).toMatchObject({ x: 7 });
    await server.world.pass(400);
    expect(game.frame().players.has("ghost")).toBe(false);
    const bare = await begun(new PlayServer({}, new World({}, 2)), OPTIONS);
    bare.spawn("players", "ghost", made);
    expect(bare.frame().players.has("ghost")).toBe(false);
  });

  test("R24: events are told by their names, and those of a listener that throws to the others", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const kills = collect<object>();
    game.on("kill", () => {
      throw new Error("not this one");
    });
    const off = game.on("kill", kills.add);
    server.say([server.ch, server.room.tick, { by: "bob" }, { event: "kill" }]);
    server.say([server.ch, server.room.tick, { by: "bob" }, { event: "unheard-of" }]);
    await server.world.pass(20);
    expect(kills.all).toEqual([{ by: "bob" }]);
    expect(server.world.reports).toMatchObject([{ code: "handler_failed" }]);
    off();
    server.say([server.ch, server.room.tick, { by: "eve" }, { event: "kill" }]);
    await server.world.pass(20);
    expect(kills.all).toHaveLength(1);
  });

  test("N89: tells of its link how much comes, and how long it has been", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    server.room.code = ({ me, tick }) => {
      if (me) me.y = 500 + (tick % 100);
    };
    await server.world.pass(5000);
    expect(game.link.bytes).toBeGreaterThan(200);
    expect(game.link.bytes).toBeLessThan(2000);
    expect(game.tick).toBeGreaterThan(server.room.tick - 1);
    expect(game.tick).toBeLessThan(server.room.tick + 2);
    server.runs = false;
    await server.world.pass(5000);
    expect(game.link.bytes).toBeLessThan(30);
    expect(game.link.age).toBeGreaterThan(4900);
    expect(game.link.depth).toBe(0);
    expect(game.link.jitter).toBeLessThan(20);
  });
});
