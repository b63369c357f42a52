/** How a game begins, and how it ends. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { shapeName } from "../../../src/room/shape-name.js";
import { World, collect, outcome, rejection } from "../world.js";
import { move } from "./model-room.js";
import { arena, ask, begun, CHANNEL, OPTIONS, PlayServer, SEAT } from "./play-server.js";

afterEach(() => vi.unstubAllGlobals());

describe("a game begins", () => {
  test("N85: with the first frame, in the seat that the server says", async () => {
    const server = new PlayServer({ delay: 100 });
    const asked = ask(server, { ...OPTIONS, match: { mode: "ffa" }, budget: 4000 });
    const seen = outcome(asked);
    await server.open();
    await server.world.pass(205);
    expect(server.wanted).toEqual([
      {
        kind: "room",
        match: { mode: "ffa" },
        budget: 4000,
        join: { name: "me" },
        secret: OPTIONS.seatSecret,
      },
    ]);
    // The answer has come, and no frame.
    await server.world.pass(20);
    expect(seen.value).toBe("pending");
    await server.world.pass(300);
    const game = await asked;
    expect([game.channel, game.seat, game.ended]).toEqual([CHANNEL, SEAT, undefined]);
    expect(game.frame().players.get(SEAT)).toMatchObject({ x: 1000, name: "me" });
    expect(game.me("players")).toBe(game.frame().players.get(SEAT));
  });

  test("N85: asked for on a connection that is there already", async () => {
    const server = new PlayServer();
    await server.open();
    await server.world.pass(100);
    const asked = ask(server);
    await server.world.pass(200);
    expect((await asked).seat).toBe(SEAT);
  });

  test.each(["forbidden", "room_closed", "invalid", "limit_reached"])(
    "N85: not where the server says %s: it rejects with that, and asks no more",
    async (code) => {
      const server = new PlayServer();
      server.refusal = { code };
      const asked = rejection(ask(server));
      await server.open();
      await server.world.pass(100);
      expect((await asked).code).toBe(code);
      await server.cut();
      await server.world.pass(60_000);
      expect(server.wanted).toHaveLength(1);
    },
  );

  test("N85: not where the room is full, which it says at once, though a retry could help", async () => {
    const server = new PlayServer();
    server.refusal = { code: "room_full", retry: true, after: 1000 };
    const asked = rejection(ask(server));
    await server.open();
    await server.world.pass(100);
    expect(await asked).toMatchObject({ code: "room_full", retry: true });
  });

  test("N85: when the room answers at last", async () => {
    const server = new PlayServer();
    server.refusal = { code: "unavailable", retry: true };
    const asked = ask(server);
    await server.open();
    await server.world.pass(5000);
    expect(server.wanted.length).toBeGreaterThan(2);
    server.refusal = undefined;
    await server.world.pass(20_000);
    expect((await asked).seat).toBe(SEAT);
  });

  test("N93: not in a room of another shape, of which no frame is read", async () => {
    const server = new PlayServer();
    server.answer = { shape: "of-other" };
    const asked = rejection(ask(server));
    await server.open();
    await server.world.pass(200);
    expect(await asked).toMatchObject({ code: "wrong_shape", retry: false });
    expect((await asked).message).toContain(`of-other of this room, and not ${shapeName(arena)}`);
    expect(server.commands).toMatchObject([{ unsubscribe: CHANNEL }]);
  });

  test("N85: not for who has no JSON to join with", async () => {
    const server = new PlayServer();
    const join = { name: 1n } as unknown as { name: string };
    await expect(ask(server, { join })).rejects.toMatchObject({ code: "invalid" });
    await server.open();
    await server.world.pass(100);
    expect(server.wanted).toEqual([]);
  });

  test("N85: once on each client: there is one subscription to a channel", async () => {
    const server = new PlayServer();
    await begun(server);
    await expect(ask(server)).rejects.toMatchObject({ code: "wrong_kind" });
  });

  test("N85: not on a client that is closed", async () => {
    const server = new PlayServer();
    const asked = rejection(ask(server));
    server.world.client.close();
    expect((await asked).code).toBe("closed");
    await expect(ask(server)).rejects.toMatchObject({ code: "closed" });
  });

  test("N85: without a seat for one who watches, who sends nothing", async () => {
    const server = new PlayServer();
    const game = await begun(server, { spectate: true });
    expect(server.wanted).toEqual([{ kind: "room" }]);
    expect([game.seat, game.me("players"), game.frame().players.size]).toEqual([undefined, undefined, 1]);
    expect(game.input({ dx: 1, dy: 0, aim: 0 })).toBeUndefined();
    await expect(game.send({ dx: 1, dy: 0, aim: 0 })).rejects.toMatchObject({ code: "forbidden" });
    await server.world.pass(200);
    expect(server.inputs).toEqual([]);
  });
});

describe("the secret of a seat", () => {
  const secretOf = ({ wanted }: PlayServer): unknown => wanted.at(-1)?.["secret"];
  const page = (): Map<string, string> => {
    const stored = new Map<string, string>();
    vi.stubGlobal("document", {});
    vi.stubGlobal("sessionStorage", {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
    });
    return stored;
  };
  const join = { name: "me" };

  test("N86: is the client's own where there is no page, the same on each connection", async () => {
    const [one, two] = [new PlayServer(), new PlayServer({}, new World({}, 2))];
    for (const server of [one, two]) await begun(server, { join });
    expect(secretOf(one)).toMatch(/^[\w-]{16,64}$/);
    expect(secretOf(one)).not.toBe(secretOf(two));
    const first = secretOf(one);
    await one.cut();
    await one.world.pass(200);
    expect([one.wanted.length, secretOf(one)]).toEqual([2, first]);
  });

  test("N86: is the tab's in a page, and so survives a reload", async () => {
    const stored = page();
    const [before, after] = [new PlayServer(), new PlayServer({}, new World({}, 2))];
    await begun(before, { join });
    await begun(after, { join });
    expect(secretOf(after)).toBe(secretOf(before));
    // In another tab.
    stored.clear();
    const other = new PlayServer({}, new World({}, 3));
    await begun(other, { join });
    expect(secretOf(other)).not.toBe(secretOf(before));
  });

  test("N86: is another one where what is stored is none, and the client's where nothing can be stored", async () => {
    const stored = page();
    stored.set("tidemark.seat", "short");
    const one = new PlayServer();
    await begun(one, { join });
    expect(secretOf(one)).toMatch(/^[\w-]{16,64}$/);
    vi.stubGlobal("sessionStorage", {
      getItem: () => null,
      setItem() {
        throw new Error("full");
      },
    });
    const two = new PlayServer({}, new World({}, 2));
    await begun(two, { join });
    const first = secretOf(two);
    await two.cut();
    await two.world.pass(200);
    expect(secretOf(two)).toBe(first);
  });

  test("N86: is the one that is given", async () => {
    const server = new PlayServer();
    await begun(server);
    expect(secretOf(server)).toBe(OPTIONS.seatSecret);
  });
});

describe("a game ends", () => {
  const RIGHT = { dx: 1, dy: 0, aim: 0 };

  test.each(["seat_taken", "seat_lost", "kicked", "room_closed"])(
    "N92: when the server says %s: it is told once, and not asked for again",
    async (code) => {
      const server = new PlayServer();
      const game = await begun(server);
      const left = collect<object>();
      game.on("left", left.add);
      const sent = outcome(game.send(RIGHT));
      server.say({ event: "unsubscribed", ch: server.ch, code, message: "that is why" });
      await server.world.pass(100);
      expect(left.all).toEqual([{ code, reason: "that is why" }]);
      expect([sent.value, game.ended?.code, game.input(RIGHT)]).toEqual([code, code, undefined]);
      await expect(game.send(RIGHT)).rejects.toMatchObject({ code });
      await server.cut();
      await server.world.pass(60_000);
      expect([server.wanted.length, left.all.length]).toEqual([1, 1]);
      // What was shown last can still be painted.
      expect(game.frame().players.size).toBe(1);
    },
  );

  test("N92: in the turn in which it began: who awaited it hears of that", async () => {
    const server = new PlayServer();
    const asked = ask(server);
    const told = collect<object>();
    void asked.then((game) => game.on("left", told.add));
    await server.open();
    server.tells = false;
    await server.world.pass(100);
    const { tick, bytes } = server.room.frame();
    const frame = Buffer.concat([
      Buffer.from(`[${server.ch},${tick},null,{"bytes":${bytes.length}}]\n`),
      bytes,
      Buffer.from(
        `\n${JSON.stringify({ event: "unsubscribed", ch: server.ch, code: "kicked", message: "out" })}`,
      ),
    ]);
    server.world.link.sayBytes(frame);
    await server.world.settle();
    expect(told.all).toEqual([{ code: "kicked", reason: "out" }]);
  });

  test("N92: when it cannot come back", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    const left = collect<object>();
    game.on("left", left.add);
    server.refusal = { code: "room_full", retry: true, message: "no seat" };
    await server.cut();
    await server.world.pass(100);
    expect(left.all).toEqual([{ code: "room_full", reason: "no seat" }]);
    await server.world.pass(60_000);
    expect(server.wanted).toHaveLength(2);
  });

  test("N92: by leaving, when the server has said so", async () => {
    const server = new PlayServer({ delay: 100 });
    const game = await begun(server);
    const left = collect<object>();
    game.on("left", left.add);
    const gone = outcome(game.leave());
    await server.world.pass(150);
    expect([gone.value, server.commands]).toMatchObject(["pending", [{ unsubscribe: CHANNEL }]]);
    await server.world.pass(100);
    expect([gone.value, game.ended?.code]).toEqual(["done", "closed"]);
    await server.cut();
    await server.world.pass(1000);
    expect([left.all, server.wanted.length]).toEqual([[], 1]);
    await game.leave();
  });

  test("N92: by closing it, or its client", async () => {
    const server = new PlayServer();
    const game = await begun(server);
    game.close();
    await server.world.pass(100);
    expect(server.commands).toMatchObject([{ unsubscribe: CHANNEL }]);
    const again = ask(server);
    await server.world.pass(200);
    const left = collect<object>();
    (await again).on("left", left.add);
    server.world.client.close();
    await server.world.settle();
    expect(left.all).toMatchObject([{ code: "closed" }]);
  });
});

test("N93: a step that throws is told, and costs nothing else", async () => {
  const server = new PlayServer();
  let isWrong = true;
  const odd: typeof move = (...given) => {
    if (isWrong) throw new Error("no such thing");
    move(...given);
  };
  const game = await begun(server, { ...OPTIONS, predict: { players: odd } });
  expect(() => game.input({ dx: 1, dy: 0, aim: 0 })).toThrow("no such thing");
  await server.world.pass(200);
  expect(server.world.links).toHaveLength(1);
  expect(server.world.reports[0]).toMatchObject({ code: "handler_failed" });
  expect(game.frame().players.size).toBe(1);
  isWrong = false;
  // What was made and not sent goes with the next answer.
  await server.cut();
  await server.world.pass(300);
  expect(server.inputs).toHaveLength(1);
  expect([game.ended, game.link.pending]).toEqual([undefined, 0]);
});
