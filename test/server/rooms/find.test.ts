/** Finding rooms on the wire. */
import { describe, expect, test } from "vitest";
import { listChannel, roomList } from "../../../src/room/match.js";
import { FrameReader } from "../../../src/room/frame-reader.js";
import { shapeName } from "../../../src/room/shape-name.js";
import { DEFAULT_LIMITS } from "../../../src/server/index.js";
import { World, type Peer } from "../support/engine.js";
import { ask, gameOf, hooks, play, roomsOf, SECRET, shape, until, type Allow } from "./support.js";

const worldOf = (allow?: Allow, limits = {}): World =>
  new World(
    { "arena/:id": gameOf(allow) },
    { hooks, limits: { rooms: { ...DEFAULT_LIMITS.rooms, ...limits } } },
  );

const LIST = listChannel("arena", shape.match, { mode: "ffa" });

function errorOf(answer: Readonly<Record<string, unknown>>): unknown {
  return answer["error"];
}

/** What somebody sees of a list. */
function rowsOf(peer: Peer): Readonly<Record<string, unknown>> {
  let reader = new FrameReader(roomList.state);
  for (const line of peer.lines) {
    const [, tick, frame]: readonly unknown[] = Array.isArray(line) ? line : [];
    if (frame instanceof Uint8Array) reader.read(frame, Number(tick));
    else if ("event" in line && line["event"] === "gap") reader = new FrameReader(roomList.state);
  }
  return Object.fromEntries(reader.rows("rooms"));
}

describe("find", () => {
  test("R45: is answered with a room in which a seat is kept for who asked", async () => {
    const world = worldOf();
    const ann = await world.connect({ token: "ann" });
    const found = await ask(world, ann, { find: "arena", match: { mode: "ffa" } });
    expect(found).toEqual({ channel: expect.stringMatching(/^arena\/~[\w-]{15}$/) as string });
    const channel = String(found["channel"]);
    for (const token of ["b", "c"]) await play(world, { token }, channel);
    const late = await play(world, { token: "d" }, channel);
    expect(errorOf(late.ok)).toMatchObject({ code: "room_full" });
    const seated = await play(world, { token: "ann", on: ann }, channel);
    expect(seated.ok).toMatchObject({ last: 0 });
    await seated.sees({ mode: "ffa" });
    // Three have it, and so the next one finds another.
    await world.clock.advance(1500);
    const next = await ask(world, await world.connect({ token: "d" }), {
      find: "arena",
      match: { mode: "ffa" },
    });
    expect(next["channel"]).not.toBe(channel);
  });

  test("R45: is for users, and for those who show a secret; theirs is the seat that is kept", async () => {
    const world = worldOf();
    const peer = await world.connect();
    expect(errorOf(await ask(world, peer, { find: "arena" }))).toMatchObject({ code: "bad_request" });
    const { channel } = await ask(world, peer, { find: "arena", secret: SECRET });
    const seated = await play(world, { on: peer }, String(channel));
    expect(seated.ok).toMatchObject({ last: 0 });
  });

  test.each([
    [{ find: "nothing" }, "not_found", "no rooms"],
    [{ find: "arena/1" }, "not_found", "no rooms"],
    [{ find: "arena", match: { level: "9" } }, "bad_request", "match.level is nothing that these rooms"],
    [{ find: "arena", match: { mode: "a\tb" } }, "bad_request", "control characters"],
    [{ find: "arena", code: "ABCDEF" }, "not_found", "no private room"],
  ])("R45: %j is %s", async (command, code, message) => {
    const world = worldOf();
    const peer = await world.connect({ token: "ann" });
    const error = errorOf(await ask(world, peer, command));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(roomsOf(world).rooms.load.rooms).toBe(0);
  });

  test("R45: where an app has no rooms finds none", async () => {
    const world = new World({}, { hooks });
    const peer = await world.connect({ token: "ann" });
    expect(errorOf(await ask(world, peer, { find: "arena" }))).toMatchObject({ code: "not_found" });
  });

  test("R45: makes nothing for who may make no room, whatever it says that it is matched by", async () => {
    const asked: unknown[] = [];
    const world = worldOf(({ action, channel, match }) => {
      asked.push({ action, channel, mode: match.mode });
      return action !== "create";
    });
    const peer = await world.connect({ token: "eve" });
    for (let n = 0; n < 5; n++)
      expect(errorOf(await ask(world, peer, { find: "arena", match: { mode: `${n}` } }))).toMatchObject({
        code: "forbidden",
      });
    expect(errorOf(await ask(world, peer, { find: "arena", private: true }))).toMatchObject({
      code: "forbidden",
    });
    expect(asked[0]).toEqual({
      action: "create",
      channel: expect.stringMatching(/^arena\/~/) as string,
      mode: "0",
    });
    await world.clock.advance(2000);
    expect(roomsOf(world).rooms.load.rooms).toBe(0);
  });

  test("R45: costs who asks too often a refusal, and nobody else", async () => {
    const world = worldOf(undefined, { finds: 3 });
    const eve = await world.connect({ token: "eve" });
    const answers = [];
    for (let n = 0; n < 8; n++)
      answers.push(await ask(world, eve, { find: "arena", match: { mode: `${n % 2}` } }));
    const refused = answers.filter((answer) => "error" in answer);
    expect(refused.length).toBe(5);
    for (const answer of refused)
      expect(errorOf(answer)).toMatchObject({
        code: "rate_limited",
        retry: true,
        after: expect.any(Number) as number,
      });
    const ann = await world.connect({ token: "ann" });
    expect(await ask(world, ann, { find: "arena" })).toHaveProperty("channel");
  });

  test("R45: counts rooms that it makes as all that a user makes", async () => {
    const world = worldOf(undefined, { made: 2 });
    const eve = await world.connect({ token: "eve" });
    const find = (mode: string) => ask(world, eve, { find: "arena", match: { mode } });
    expect(await find("a")).toHaveProperty("channel");
    expect(await find("b")).toHaveProperty("channel");
    expect(errorOf(await find("c"))).toMatchObject({ code: "limit_reached" });
    // What is there is found all the same.
    expect(await find("a")).toHaveProperty("channel");
  });
});

describe("a private room", () => {
  test("R30: is made with a code, and found by it", async () => {
    const world = worldOf();
    const ann = await world.connect({ token: "ann" });
    const made = await ask(world, ann, { find: "arena", match: { mode: "ffa" }, private: true });
    expect(made["code"]).toMatch(/^[A-HJKMNP-Z2-9]{6}$/);
    const bob = await world.connect({ token: "bob" });
    const found = await ask(world, bob, { find: "arena", code: made["code"] });
    expect(found).toEqual({ channel: made["channel"] });
    const other = await ask(world, bob, { find: "arena", match: { mode: "ffa" } });
    expect(other["channel"]).not.toBe(made["channel"]);
  });

  test("R30: is not found by who tries codes", async () => {
    const world = worldOf(undefined, { codes: 5, finds: false });
    const eve = await world.connect({ token: "eve" });
    const codes: unknown[] = [];
    for (let n = 0; n < 8; n++) {
      const error = errorOf(await ask(world, eve, { find: "arena", code: `AAAAA${"ABCDEFGH".charAt(n)}` }));
      codes.push((error as { code: string }).code);
    }
    expect(codes.slice(0, 5)).toEqual(Array(5).fill("not_found"));
    expect(codes).toContain("rate_limited");
    const bob = await world.connect({ token: "bob" });
    expect(errorOf(await ask(world, bob, { find: "arena", code: "AAAAAA" }))).toMatchObject({
      code: "not_found",
    });
  });
});

describe("a list of rooms", () => {
  test("R46: is shown to who looks on, as it changes", async () => {
    const world = worldOf();
    const eve = await world.connect();
    const ok = await ask(world, eve, { subscribe: LIST, kind: "room" });
    expect(ok).toMatchObject({ kind: "room", rate: 0, shape: shapeName(roomList) });
    const ann = await world.connect({ token: "ann" });
    const { channel } = await ask(world, ann, { find: "arena", match: { mode: "ffa" } });
    const id = String(channel).slice("arena/".length);
    await until(world, () => id in rowsOf(eve));
    expect(rowsOf(eve)).toEqual({ [id]: { players: 0, seats: 3 } });
    await play(world, { token: "ann", on: ann }, String(channel));
    await until(
      world,
      () => JSON.stringify(rowsOf(eve)) === JSON.stringify({ [id]: { players: 1, seats: 3 } }),
    );
    expect(await ask(world, eve, { unsubscribe: LIST })).toEqual({});
    // Of what it knows besides, nothing is told.
    expect(JSON.stringify(eve.lines)).not.toContain(world.broker.node);
  });

  test("R46: is nobody's to play in, to publish to, or to make", async () => {
    const world = worldOf();
    const eve = await world.connect({ token: "eve" });
    expect(errorOf(await ask(world, eve, { subscribe: LIST, join: {} }))).toMatchObject({
      code: "forbidden",
    });
    expect(errorOf(await ask(world, eve, { publish: LIST, data: 1 }))).toMatchObject({ code: "wrong_kind" });
    expect(errorOf(await ask(world, eve, { find: "$match/arena" }))).toMatchObject({ code: "not_found" });
    await ask(world, eve, { subscribe: LIST });
    await world.clock.advance(3000);
    expect(roomsOf(world).rooms.load.rooms).toBe(0);
  });

  test.each([
    "$match/arena/-",
    "$match/arena/mode=ffa",
    "$match/other/mode=ffa&map=",
    "%24match/arena/x",
    "$codes/x",
  ])("R46: %s is none", async (channel) => {
    const world = worldOf();
    const eve = await world.connect({ token: "eve" });
    expect(errorOf(await ask(world, eve, { subscribe: channel }))).toMatchObject({ code: "not_found" });
  });

  test("R46: is shown to whom the room's code allows it", async () => {
    const world = worldOf(({ action, user }) => action !== "list" || (user as { id: string }).id === "ann");
    for (const [token, expected] of [
      ["ann", { kind: "room" }] as const,
      ["eve", { error: { code: "forbidden" } }] as const,
    ])
      expect(await ask(world, await world.connect({ token }), { subscribe: LIST })).toMatchObject(expected);
  });

  test("R46: leaves its channels to no pattern", () => {
    for (const pattern of ["$match/:id", "$codes", "$match"])
      expect(() => new World({ [pattern]: gameOf() })).toThrow("are the server's own");
    // A channel of any name is another one than that of the list.
    const world = new World({ ":any/:name/:match": gameOf(), "arena/:id": gameOf() });
    const { registry } = world.engine.node;
    expect(registry.resolve("$match/a b/c")?.name).toBe("%24match/a%20b/c");
    expect(registry.resolve(LIST)?.name).toBe(LIST);
  });
});
