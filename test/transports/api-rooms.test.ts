/** Rooms in the HTTP API. */
import { state, tidemark } from "../../src/server/index.js";
import { beforeEach, describe, expect, test } from "vitest";
import { connect, type Client } from "../server/support/client.js";
import { gameOf } from "../server/rooms/support.js";
import { quiet, serve, type Served } from "../server/support/serve.js";
import { ask, begin } from "./support/http.js";

const KEY = "correct-horse-battery";
const AUTHORIZED = { authorization: `Bearer ${KEY}` };

let served: Served;

beforeEach(async () => {
  const app = tidemark({
    ...quiet,
    apiKey: KEY,
    authenticate: ({ token }) => (token === undefined ? null : { id: token }),
  }).channels({ "arena/:id": gameOf(), "keys/:id": state() });
  served = await serve(app);
});

async function get(path: string, headers: Record<string, string> = AUTHORIZED) {
  const { status, text } = await ask(`${served.http}/api/rooms${path}`, { method: "GET", headers });
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

async function post(path: string, deed: unknown, headers: Record<string, string> = AUTHORIZED) {
  const body = typeof deed === "string" ? deed : JSON.stringify(deed);
  const { status, text } = await ask(`${served.http}/api/rooms${path}`, { headers, body });
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

interface Playing {
  readonly client: Client;
  readonly ch: number;
  readonly seat: string;
}

async function play(name: string, channel = "arena/1"): Promise<Playing> {
  const client = await connect(served.url, { token: name });
  const ok = await client.ask({ subscribe: channel, kind: "room", join: { name } });
  expect(ok).toMatchObject({ kind: "room" });
  return { client, ch: Number(ok["ch"]), seat: String(ok["seat"]) };
}

const eventOf = ({ client }: Playing, name: string) =>
  client.until(() =>
    client.lines.find(
      (line): line is Readonly<Record<string, unknown>> => "event" in line && line.event === name,
    ),
  );

describe("GET /api/rooms", () => {
  test("A95: lists the rooms that servers run", async () => {
    expect(await get("")).toEqual({
      status: 200,
      body: { rooms: [], nodes: { asked: 1, answered: 1 } },
    });
    await play("ann");
    await play("bob", "arena/2");
    const { body } = await get("?limit=1");
    expect(body).toMatchObject({
      rooms: [{ channel: "arena/1", players: 1, here: 1, spectators: 0, rate: 20, n: 1 }],
      next: "arena/1",
    });
    expect((await get("?prefix=arena/2")).body).toMatchObject({ rooms: [{ channel: "arena/2" }] });
    expect((await get("?limit=0")).status).toBe(400);
    expect((await get("", {})).status).toBe(401);
  });
});

describe("GET /api/rooms/CHANNEL", () => {
  test("A96: says how a room is", async () => {
    const ann = await play("ann", "arena/caf%C3%A9");
    const { status, body } = await get(`/${encodeURIComponent("arena/caf%C3%A9")}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      channel: "arena/caf%C3%A9",
      status: "running",
      most: 3,
      seats: [{ id: ann.seat, user: { id: "ann" }, here: true }],
    });
    expect((await get("/arena/none")).body).toMatchObject({ status: "none" });
    const head = await ask(`${served.http}/api/rooms/arena/none`, { method: "HEAD", headers: AUTHORIZED });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  test("A96: names what is no room", async () => {
    expect(await get("/keys/a")).toMatchObject({ status: 400, body: { error: { code: "wrong_kind" } } });
    expect(await get("/nothing/a")).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
    expect(await get("/arena/1", { authorization: "Bearer no" })).toMatchObject({ status: 401 });
  });
});

describe("POST /api/rooms/CHANNEL", () => {
  test("A96: tells, sends away, saves and ends", async () => {
    const ann = await play("ann");
    const bob = await play("bob");
    expect(await post("/arena/1", { do: "send", event: "moved", data: { by: "the key" } })).toEqual({
      status: 200,
      body: {},
    });
    expect(await post("/arena/1", { do: "kick", seat: ann.seat, reason: "be nice" })).toEqual({
      status: 200,
      body: {},
    });
    expect(await eventOf(ann, "unsubscribed")).toMatchObject({ code: "kicked", message: "be nice" });
    expect((await post("/arena/1", { do: "checkpoint" })).status).toBe(200);
    expect((await post("/arena/1", { do: "revive" })).status).toBe(200);
    expect((await post("/arena/1", { do: "close", reason: "enough" })).status).toBe(200);
    expect(await eventOf(bob, "unsubscribed")).toMatchObject({ code: "room_closed" });
    expect(await get("/arena/1")).toMatchObject({ body: { status: "closed", reason: "enough" } });
    expect(await post("/arena/1", { do: "kick", seat: bob.seat })).toMatchObject({
      status: 410,
      body: { error: { code: "room_closed", retry: false } },
    });
  });

  test("A96: what cannot be done is said so", async () => {
    await play("ann");
    for (const [deed, status, code] of [
      [{ do: "kick", seat: "nobody" }, 404, "not_found"],
      [{ do: "send", event: "won" }, 404, "not_found"],
      [{ do: "send", event: "moved", data: { by: 7 } }, 400, "invalid"],
      [{ do: "dance" }, 400, "bad_request"],
      [{ do: "close", now: true }, 400, "bad_request"],
      ["{", 400, "bad_request"],
    ] as const)
      expect([deed, await post("/arena/1", deed)]).toMatchObject([
        deed,
        { status, body: { error: { code } } },
      ]);
    expect(await post("/arena/none", { do: "close" })).toMatchObject({ status: 404 });
    expect(await post("/keys/a", { do: "close" })).toMatchObject({
      status: 400,
      body: { error: { code: "wrong_kind" } },
    });
    expect(await post("/arena/1", { do: "close" }, {})).toMatchObject({ status: 401 });
    const { status, headers } = await ask(`${served.http}/api/rooms`, { headers: AUTHORIZED, body: "{}" });
    expect([status, headers["allow"]]).toEqual([405, "GET, HEAD"]);
  });
});

describe("GET /api/rooms/CHANNEL?watch", () => {
  const watch = (query: string) =>
    begin(`${served.http}/api/rooms/arena/1?${query}`, { method: "GET", headers: AUTHORIZED });

  test("A97: streams what is in the room, what changes, and its end", async () => {
    const ann = await play("ann");
    const stream = await watch("watch=10");
    expect(stream.headers["content-type"]).toBe("application/x-ndjson");
    const lines = () => stream.lines as Record<string, unknown>[];
    await stream.until(() => lines().find(({ full }) => full === true));
    ann.client.send([ann.ch, 1, { dx: 10 }]);
    await stream.until(() =>
      lines().find(({ events }) => JSON.stringify(events) === '[{"event":"moved","data":{"by":"ann"}}]'),
    );
    await stream.until(() => lines().find(({ rows }) => JSON.stringify(rows).includes('"x":110')));
    await post("/arena/1", { do: "close", reason: "enough" });
    await stream.until(() =>
      lines().find(({ error }) => (error as { code?: string } | undefined)?.code === "room_closed"),
    );
  });

  test("A97: a rate that is none is refused, and so is what is no room", async () => {
    for (const rate of ["0", "-1", "fast"]) expect((await get(`/arena/1?watch=${rate}`)).status).toBe(400);
    expect((await get("/keys/a?watch")).status).toBe(400);
  });

  test("A97: one that nobody runs is waited for, and is not begun by that", async () => {
    const stream = await watch("watch");
    expect(stream.status).toBe(200);
    expect((await get("/arena/1")).body).toMatchObject({ status: "none" });
    await play("ann");
    await stream.until(() => (stream.lines as Record<string, unknown>[]).find(({ full }) => full === true));
  });
});
