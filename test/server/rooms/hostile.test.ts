/** What strangers send to rooms, and what it costs: them. In virtual time, without sockets. */
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, stream } from "../../../src/server/index.js";
import { World, type Peer } from "../support/engine.js";
import { deferred } from "../support/serve.js";
import { ask, gameOf, hooks, play, playersHere, roomsOf, seatOf, SECRET, until } from "./support.js";

const worldOf = (): World => new World({ "arena/:id": gameOf(), "chat/:id": stream() }, { hooks });

const closeOf = ({ closed }: Peer): unknown => closed.map(({ code, reason }) => [code, reason]);

describe("an array", () => {
  test.each<[string, readonly unknown[]]>([
    ["of a channel that was never subscribed to", [77, 1, { dx: 1 }]],
    ["that says only what was seen, where nothing is,", [1, 0, null, 3]],
  ])("R34, W7: %s closes the connection", async (_, line) => {
    const world = worldOf();
    const peer = await world.connect();
    peer.send(line);
    await world.clock.settle();
    expect(closeOf(peer)).toEqual([
      [1008, `an array is an input, and this connection has no seat on channel ${String(line[0])}`],
    ]);
  });

  test("R34, W7: on a stream closes the connection, and on a room that one only looks at", async () => {
    const world = worldOf();
    const ann = await play(world);
    for (const channel of ["chat/1", "arena/1"]) {
      const eve = await world.connect();
      const { ch } = await ask(world, eve, { subscribe: channel });
      eve.send([ch, 1, { dx: 1 }]);
      await world.clock.settle();
      expect(closeOf(eve)).toEqual([[1008, expect.stringContaining("has no seat")]]);
    }
    // Nor is somebody else's seat good for anything: its number is this connection's own.
    const mallory = await world.connect();
    mallory.send([ann.ch, 1, { dx: 5 }]);
    await world.clock.settle();
    expect(mallory.closed).toHaveLength(1);
    await ann.sees({ x: 100, moves: 0 });
  });

  test.each<[string, unknown, string]>([
    ["is empty", [], "a command is an object"],
    ["has a channel's name", ["chat/lobby"], "a command is an object"],
    ["has no number", [1, "1", {}], "a command is an object"],
    ["has a number below 0", [1, -1, {}], "a command is an object"],
    ["has a broken number", [1, 1.5, {}], "a command is an object"],
    ["has no input", [1, 1], "no 2 elements"],
    ["is too long", [1, 1, {}, 1, 1], "no 5 elements"],
    ["has seen what is no tick", [1, 1, {}, "1"], "seen is a tick"],
    ["has seen an object", [1, 1, {}, {}], "seen is a tick"],
    ["names its channel by an object", [{}, 1, {}], "names no channel"],
    ["names its channel by its name", ["arena/1", 1, {}], "over a WebSocket"],
  ])("R34, W7: that %s closes the connection", async (_, line, reason) => {
    const world = worldOf();
    const ann = await play(world);
    const made = Array.isArray(line) && line[0] === 1 ? [ann.ch, ...(line as unknown[]).slice(1)] : line;
    ann.peer.send(made);
    await world.clock.settle();
    expect(closeOf(ann.peer)).toEqual([[1008, expect.stringContaining(reason)]]);
  });

  test("R34: announces bytes that it does not have, and the connection is closed", async () => {
    const world = worldOf();
    const ann = await play(world);
    ann.peer.send([ann.ch, 1, null, { bytes: 5 }]);
    await world.clock.settle();
    expect(ann.peer.closed[0]?.code).toBe(1007);
  });
});

describe("inputs", () => {
  test("R17: that do not fit the schema are refused, told of, and done with", async () => {
    const world = worldOf();
    const ann = await play(world);
    ann.peer.send([ann.ch, 1, { dx: 1000 }], [ann.ch, 2, "left"], [ann.ch, 3, { dx: 2 }]);
    await ann.sees({ x: 102, moves: 1 });
    const refused = ann.peer.events.filter(({ event }) => event === "refused");
    expect(refused).toMatchObject([
      { ch: ann.ch, n: 1, code: "invalid" },
      { ch: ann.ch, n: 2, code: "invalid" },
    ]);
  });

  test("R18, R40: above twice the rate are refused, ten of which are told of in a second", async () => {
    const world = worldOf();
    const ann = await play(world);
    for (let n = 1; n <= 300; n++) ann.peer.send([ann.ch, n, { dx: 0 }]);
    await world.clock.settle();
    const refused = ann.peer.events.filter(({ event }) => event === "refused");
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ code: "rate_limited", after: expect.any(Number) as number });
    expect(ann.peer.closed).toEqual([]);
    // They did not count as commands.
    expect(await ask(world, ann.peer, { subscribe: "chat/1" })).toMatchObject({ kind: "stream" });
  });

  test("R40, K36: that bring nothing count as frames without a command, and too many end the connection", async () => {
    const world = worldOf();
    const ann = await play(world);
    const bob = await play(world, { token: "bob" });
    for (let i = 0; i < 2100; i++) ann.peer.send([ann.ch, 1, { dx: 0 }]);
    await until(world, () => ann.peer.closed.length > 0);
    expect(ann.peer.closed[0]?.code).toBe(4005);
    bob.input(3);
    await bob.sees({ x: 103 });
  });

  test("R34: nested without end are refused like others", async () => {
    const world = worldOf();
    const ann = await play(world);
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    ann.peer.send(`[${ann.ch},1,${deep}]`, `[${ann.ch},2,{"dx":${deep}}]`);
    await world.clock.settle();
    expect(ann.peer.events).toMatchObject([{ code: "invalid" }, { code: "invalid" }]);
    expect(world.log.lines).toEqual([]);
    const eve = await world.connect();
    eve.send(`{"id":9,"subscribe":"arena/1","secret":"${SECRET}","join":${deep}}`);
    await world.clock.settle();
    expect(eve.answer(9)).toMatchObject({ error: { code: "invalid" } });
  });

  test("R34: of what was seen alone are taken at any time, and never are ahead of what was shown", async () => {
    const world = worldOf();
    const ann = await play(world);
    await ann.sees({ x: 100 });
    ann.peer.send([ann.ch, 0, null, 2 ** 52], [ann.ch, 0, null], [ann.ch, 0, { dx: 9 }, 0]);
    ann.input(1, 2 ** 52);
    await ann.sees({ x: 101, moves: 1 });
    expect(ann.peer.closed).toEqual([]);
  });

  test("R34: with numbers beyond all reason harm nobody but their player", async () => {
    const world = worldOf();
    const beside = new World({ "arena/:id": gameOf() }, { hooks, beside: world });
    const bob = await play(world, { token: "bob" });
    const ann = await play(beside, { token: "ann" });
    ann.peer.send([ann.ch, Number.MAX_SAFE_INTEGER, { dx: 99 }], [ann.ch, 2 ** 48 + 1, { dx: 1 }]);
    await beside.clock.advance(500);
    expect(ann.peer.events).toMatchObject([{ code: "bad_request" }, { code: "bad_request" }]);
    ann.input(1);
    await ann.sees({ x: 101 });
    bob.input(1);
    await bob.sees({ x: 101 });
    for (const { lines } of [world.log, beside.log]) expect(lines).toEqual([]);
  });

  test("R34: are not read on while the peer does not read, and none is told of then", async () => {
    const world = worldOf();
    const ann = await play(world);
    ann.peer.stuck = true;
    await world.clock.advance(500);
    for (let n = 1; n <= 100; n++) ann.peer.send([ann.ch, n, { dx: 1000 }]);
    await world.clock.advance(500);
    expect(ann.peer.closed).toEqual([]);
  });
});

describe("who has no right to it", () => {
  test("R33: gets no seat without a user or a secret, and none for a secret that is none", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const without = await ask(world, peer, { subscribe: "arena/1", join: { name: "eve" } });
    expect(without["error"]).toMatchObject({
      code: "bad_request",
      message: expect.stringContaining("secret"),
    });
    for (const secret of ["short", 5, "with spaces in it ok", "x".repeat(65), null]) {
      const answer = await ask(world, peer, { subscribe: "arena/1", join: { name: "eve" }, secret });
      expect(answer["error"]).toMatchObject({ code: "bad_request" });
    }
    expect(roomsOf(world).rooms.load.rooms).toBe(0);
  });

  test("R39: is asked for by the room's code: join, spectate and create", async () => {
    const asked: unknown[] = [];
    const game = gameOf(({ action, user, channel, match, join }) => {
      asked.push([action, (user as { id: string } | null)?.id, channel, match.mode, join?.name]);
      return (user as { id: string } | null)?.id !== action;
    });
    const world = new World({ "arena/:id": game }, { hooks });
    const create = await play(world, { token: "create", match: { mode: "ffa" } });
    expect(create.ok["error"]).toMatchObject({ code: "forbidden", message: 'you may not create "arena/1"' });
    expect(roomsOf(world).rooms.load.rooms).toBe(0);
    expect((await play(world, { token: "join" })).ok["error"]).toMatchObject({ code: "forbidden" });
    const eve = await world.connect({ token: "spectate" });
    expect(await ask(world, eve, { subscribe: "arena/1" })).toMatchObject({ error: { code: "forbidden" } });
    const ann = await play(world, { token: "ann" });
    expect(ann.ok).toMatchObject({ kind: "room" });
    // The room is there now.
    expect((await play(world, { token: "create" })).ok).toMatchObject({ kind: "room" });
    expect(asked).toEqual([
      ["join", "create", "arena/1", "ffa", "ann"],
      ["create", "create", "arena/1", "ffa", undefined],
      ["join", "join", "arena/1", "", "ann"],
      ["spectate", "spectate", "arena/1", "", undefined],
      ["join", "ann", "arena/1", "", "ann"],
      ["create", "ann", "arena/1", "", undefined],
      ["join", "create", "arena/1", "", "ann"],
    ]);
  });

  test("R39: an allow that throws is a failure of the server's, and lets nobody in", async () => {
    const game = gameOf(() => {
      throw new Error("the database is away");
    });
    const world = new World({ "arena/:id": game }, { hooks });
    const ann = await play(world);
    expect(ann.ok["error"]).toMatchObject({ code: "internal" });
    expect(playersHere(world)).toBe(0);
  });

  test("R32: joins with what does not fit the schema, and is told so", async () => {
    const world = worldOf();
    const ann = await play(world, { join: { name: "" } });
    expect(ann.ok["error"]).toMatchObject({ code: "invalid", issues: expect.any(Array) as unknown[] });
    const long = await play(world, { join: { name: "x".repeat(9000) } });
    expect(long.ok["error"]).toMatchObject({ code: "invalid" });
  });
});

describe("limits", () => {
  test("R41: a connection has so many seats; one that it gives up makes room", async () => {
    const world = worldOf();
    const first = await play(world);
    for (let i = 2; i <= 4; i++) await play(world, { on: first.peer }, `arena/${i}`);
    const fifth = await play(world, { on: first.peer }, "arena/5");
    expect(fifth.ok["error"]).toMatchObject({ code: "limit_reached", retry: false });
    // Looking on takes none.
    expect(await ask(world, first.peer, { subscribe: "arena/5" })).toMatchObject({ kind: "room" });
    await ask(world, first.peer, { unsubscribe: "arena/2" });
    expect((await play(world, { on: first.peer }, "arena/6")).ok).toMatchObject({ kind: "room" });
    expect(first.peer.connection.sessions.seats).toBe(4);
  });

  test("R41: a user makes so many rooms a minute, over all connections", async () => {
    const limits = { rooms: { ...DEFAULT_LIMITS.rooms, seats: 100, made: 3 } };
    const world = new World({ "arena/:id": gameOf() }, { hooks, limits });
    for (let i = 1; i <= 3; i++)
      expect((await play(world, { token: "ann" }, `arena/${i}`)).ok["error"]).toBeUndefined();
    const fourth = await play(world, { token: "ann" }, "arena/4");
    expect(fourth.ok["error"]).toMatchObject({
      code: "limit_reached",
      message: "more than 3 new rooms a minute",
    });
    // Rooms that are there are no new ones, and others may make some.
    expect((await play(world, { token: "ann" }, "arena/1")).ok).toMatchObject({ kind: "room" });
    expect((await play(world, { token: "bob" }, "arena/4")).ok).toMatchObject({ kind: "room" });
    await world.clock.advance(20_000);
    expect((await play(world, { token: "ann" }, "arena/5")).ok).toMatchObject({ kind: "room" });
  });

  test("R41: a server runs so many rooms; where none takes more, a room is full", async () => {
    const limits = { rooms: { ...DEFAULT_LIMITS.rooms, seats: 100, made: false as const, owned: 2 } };
    const world = new World({ "arena/:id": gameOf() }, { hooks, limits });
    for (let i = 1; i <= 2; i++) await play(world, { token: "ann" }, `arena/${i}`);
    const third = await play(world, { token: "ann" }, "arena/3");
    expect(third.ok["error"]).toMatchObject({
      code: "room_full",
      retry: true,
      after: expect.any(Number) as number,
    });
  });
});

describe("a connection that ends while it joins", () => {
  test("R43: leaves no seat that is marked as here", async () => {
    for (const after of [0, 10, 60, 1100]) {
      const world = worldOf();
      const bob = await play(world, { token: "bob" });
      const ann = await world.connect({ token: "ann" });
      ann.send({ id: 1, subscribe: "arena/1", join: { name: "ann" } });
      await world.clock.advance(after);
      ann.connection.transportClosed("gone", false);
      await world.clock.advance(1000);
      const { seat } = roomsSeat(world, "ann");
      expect([after, seat?.here ?? false]).toEqual([after, false]);
      expect(playersHere(world)).toBe(1);
      await world.clock.advance(2500);
      expect([after, roomsSeat(world, "ann").seat]).toEqual([after, undefined]);
      expect(bob.rows).toHaveLength(1);
    }
  });

  test("R43: nor where allow takes its time", async () => {
    const slow = deferred<boolean>();
    const world = new World({ "arena/:id": gameOf(() => slow.promise) }, { hooks });
    const ann = await world.connect({ token: "ann" });
    ann.send({ id: 1, subscribe: "arena/1", join: { name: "ann" } });
    await world.clock.settle();
    ann.connection.transportClosed("gone", false);
    slow.resolve(true);
    await world.clock.advance(5000);
    expect(roomsSeat(world, "ann").seat?.here ?? false).toBe(false);
    expect(playersHere(world)).toBe(0);
  });
});

describe("what follows each other on one connection", () => {
  test("R43: is carried out in its order, however fast it comes", async () => {
    const world = worldOf();
    const ann = await world.connect({ token: "ann" });
    const joining = { subscribe: "arena/1", join: { name: "ann" } };
    ann.send(
      { id: 1, ...joining },
      { id: 2, unsubscribe: "arena/1" },
      { id: 3, ...joining },
      { id: 4, ...joining },
      { id: 5, unsubscribe: "arena/1" },
      { id: 6, unsubscribe: "arena/1" },
      { id: 7, ...joining },
    );
    await until(world, () => ann.lines.some((line) => "id" in line && line["id"] === 7));
    const answers = ann.lines.filter((line): line is Readonly<Record<string, unknown>> => "id" in line);
    expect(
      answers.map(({ id, ok, error }) => [id, ok === undefined ? (error as { code: string }).code : "ok"]),
    ).toEqual([
      [1, "ok"],
      [2, "ok"],
      [3, "ok"],
      [4, "already_subscribed"],
      [5, "ok"],
      [6, "not_subscribed"],
      [7, "ok"],
    ]);
    expect(roomsSeat(world, "ann").seat).toEqual({ here: true });
    expect(ann.connection.sessions.seats).toBe(1);
    expect(playersHere(world)).toBe(1);
  });
});

describe("other commands on a room", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["publish", { data: {} }, "players send inputs, with play(rt, shape"],
    ["history", {}, "keeps no history; use play(rt, shape"],
    ["get", { keys: ["a"] }, "has no keys; use play(rt, shape"],
    ["members", {}, "its seats"],
  ])("R32: %s is wrong_kind, and says what to do", async (verb, fields, words) => {
    const world = worldOf();
    const peer = await world.connect();
    const answer = await ask(world, peer, { [verb]: "arena/1", ...fields });
    expect(answer["error"]).toMatchObject({ code: "wrong_kind", message: expect.stringContaining(words) });
    expect(peer.closed).toEqual([]);
  });

  test("R32: tune is wrong_kind where one plays", async () => {
    const world = worldOf();
    const ann = await play(world);
    expect(await ask(world, ann.peer, { tune: "arena/1", rate: 5 })).toMatchObject({
      error: { code: "wrong_kind" },
    });
    expect(await ask(world, ann.peer, { subscribe: "arena/9", kind: "stream" })).toMatchObject({
      error: { code: "wrong_kind", message: expect.stringContaining("tidemark/room/client") },
    });
    expect(await ask(world, ann.peer, { subscribe: "chat/1", join: null, secret: SECRET })).toMatchObject({
      kind: "stream",
    });
  });
});

function roomsSeat(world: World, user: string): { readonly seat: { here: boolean } | undefined } {
  const run = roomsOf(world).rooms.get("arena/1")?.run;
  const [id] =
    [...(run?.seats ?? [])].find(([, { shown }]) => (shown.user as { id: string } | null)?.id === user) ?? [];
  return { seat: seatOf(world, id) };
}
