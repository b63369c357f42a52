/** `tidemark rooms`, `room` and `watch` of a room, as processes against a server in this one. */
import { silentLogger, state, tidemark as server } from "../../src/server/index.js";
import { createMemoryHub } from "../../src/broker/index.js";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { connect, type Client } from "../server/support/client.js";
import { gameOf } from "../server/rooms/support.js";
import { tidemark, type Running } from "./support.js";

const KEY = "correct-horse-battery";

let url: string;
let hub: ReturnType<typeof createMemoryHub>;

beforeEach(async () => {
  hub = createMemoryHub();
  const app = server({
    log: silentLogger,
    apiKey: KEY,
    broker: hub.broker({ id: "one" }),
    authenticate: ({ token }) => (token === undefined ? null : { id: token }),
  }).channels({ "arena/:id": gameOf(), "keys/:id": state() });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  url = `ws://127.0.0.1:${port}/connect`;
});

const run = (...args: string[]): Running => tidemark(args, { TIDEMARK_URL: url, TIDEMARK_API_KEY: KEY });

async function play(name: string, channel = "arena/1") {
  const client: Client = await connect(url, { token: name });
  const ok = await client.ask({ subscribe: channel, kind: "room", join: { name } });
  return { client, ch: Number(ok["ch"]), seat: String(ok["seat"]) };
}

describe("tidemark rooms", () => {
  test("A99: prints a table, or a JSON object a line", async () => {
    await play("ann");
    await play("bob");
    await play("cid", "arena/twenty");
    const all = run("rooms");
    expect(await all.exit).toBe(0);
    const [head, ...lines] = all.out().trim().split("\n");
    expect(head).toMatch(/^ROOM +SERVER +PLAYERS +HERE +WATCHING +TICK +RATE +MS\/TICK +LATE$/);
    expect(lines[0]).toMatch(/^arena\/1 +one +2 +2 +0 +\d+ +20 +\d+\.\d\d +\d+$/);
    expect(lines[1]).toMatch(/^arena\/twenty +one +1 +1 +0 /);
    expect(lines[2]).toBe("2 rooms, 3 players, on 1 server");
    const some = run("rooms", "arena/t", "--json");
    expect(await some.exit).toBe(0);
    expect(JSON.parse(some.out())).toMatchObject({ channel: "arena/twenty", players: 1, node: "one" });
  });

  test("A99: says when a server did not answer, and prints what it knows", async () => {
    hub.broker();
    const all = run("rooms");
    expect(await all.exit).toBe(0);
    expect(all.out()).toBe("0 rooms, 0 players, on 1 server\n");
    expect(all.err()).toContain("1 of 2 servers did not answer: their rooms are not listed");
  });
});

describe("tidemark room", () => {
  test("A99: prints how a room is, and who is in it", async () => {
    const { seat } = await play("ann");
    const one = run("room", "arena/1");
    expect(await one.exit).toBe(0);
    expect(one.out()).toMatch(/^room {6}arena\/1\nstatus {4}running\nserver {4}one, reign 1 /);
    expect(one.out()).toContain(`seats     1 of 3\n  ${seat}  here  {"id":"ann"}\n`);
    const json = run("room", "arena/none", "--json");
    expect(await json.exit).toBe(0);
    expect(JSON.parse(json.out())).toMatchObject({ channel: "arena/none", status: "none" });
  });

  test("A99: tells, sends away, saves, ends and revives", async () => {
    const { client, seat } = await play("ann");
    const event = (name: string) =>
      client.until(() => client.lines.find((line) => JSON.stringify(line).includes(`"${name}"`)));
    const told = run("room", "send", "arena/1", "moved", '{"by":"me"}');
    expect([await told.exit, told.out()]).toEqual([0, "moved told in arena/1\n"]);
    await event("moved");
    for (const deed of ["checkpoint", "revive"]) expect(await run("room", deed, "arena/1").exit).toBe(0);
    const kicked = run("room", "kick", "arena/1", seat, "--reason", "be nice");
    expect([await kicked.exit, kicked.out()]).toEqual([0, `${seat} sent away from arena/1\n`]);
    expect(JSON.stringify(await event("kicked"))).toContain("be nice");
    const closed = run("room", "close", "arena/1", "--reason", "enough", "--json");
    expect(await closed.exit).toBe(0);
    expect(JSON.parse(closed.out())).toEqual({ channel: "arena/1", do: "close", reason: "enough" });
    const again = run("room", "kick", "arena/1", seat);
    expect(await again.exit).toBe(1);
    expect(again.err()).toContain("(room_closed)");
  });

  test("A99: ends with 1 where the server says no", async () => {
    await play("ann");
    for (const [args, code] of [
      [["room", "keys/a"], "wrong_kind"],
      [["room", "kick", "arena/1", "nobody"], "not_found"],
      [["room", "close", "arena/none"], "not_found"],
      [["watch", "keys/a", "--table", "x"], "wrong_kind"],
      [["rooms", "--api-key", "another-key-than-that"], "unauthorized"],
    ] as const) {
      const refused = run(...args);
      expect([args, await refused.exit]).toEqual([args, 1]);
      expect(refused.err()).toContain(`(${code})`);
    }
  });
});

describe("tidemark watch", () => {
  test("A99: prints what is in a room, and what changes, until it ends", async () => {
    const { client, ch, seat } = await play("ann");
    const all = run("watch", "arena/1");
    await all.says(new RegExp(`\\d+  players/${seat}  \\{"x":100,`));
    client.send([ch, 1, { dx: 10 }]);
    await all.says(/\d+ {2}players\/\S+ {2}\{"x":110,"moves":1/);
    await all.says(/\d+ {2}moved! {2}\{"by":"ann"\}/);
    await run("room", "kick", "arena/1", seat).exit;
    await all.says(/\d+ {2}players\/\S+ {2}gone/);
    await run("room", "close", "arena/1", "--reason", "enough").exit;
    expect(await all.exit).toBe(1);
    expect(all.err()).toContain("the room has ended: enough (room_closed)");
  });

  test("A99: prints some rows, as JSON, up to a count", async () => {
    const { seat } = await play("ann");
    const some = run("watch", "arena/1", "--table", "players", "--json", "--count", "1", "--rate", "5");
    expect(await some.exit).toBe(0);
    expect(JSON.parse(some.out())).toMatchObject({
      channel: "arena/1",
      table: "players",
      key: seat,
      row: { x: 100, name: "ann" },
    });
  });

  test("A99: still watches channels of keys, whoever has the key", async () => {
    const set = run("set", "keys/a", "n=1");
    expect(await set.exit).toBe(0);
    const keys = run("watch", "keys/a", "--count", "1");
    expect([await keys.exit, keys.out()]).toEqual([0, "n  1\n"]);
  });
});

test.each([
  [["room"], "which room?"],
  [["room", "kick"], "which room? tidemark room kick CHANNEL SEAT"],
  [["room", "kick", "arena/1"], "tidemark room kick CHANNEL SEAT"],
  [["room", "close", "arena/1", "now"], "tidemark room close CHANNEL"],
  [["room", "arena/1", "now"], "no deed"],
  [["room", "close", "arena/1", "--to", "x"], "--to means nothing"],
  [["room", "send", "arena/1", "won", "{"], "is JSON"],
  [["rooms", "a", "b"], "one beginning"],
])("A99: %j ends with 2, and says what to write instead", async (args, message) => {
  const wrong = run(...args);
  expect(await wrong.exit).toBe(2);
  expect(wrong.err()).toContain(message);
});
