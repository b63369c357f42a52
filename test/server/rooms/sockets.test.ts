/** Rooms over real sockets, on two servers that share a store. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemoryHub, type MemoryHub } from "../../../src/broker/index.js";
import { FrameReader } from "../../../src/room/frame-reader.js";
import { tidemark, type App } from "../../../src/server/index.js";
import type { AppTypes } from "../../../src/protocol/index.js";
import { ask as request, begin, body, type Stream } from "../../transports/support/http.js";
import { connect, type Client } from "../support/client.js";
import { listeningLogger, serve, type Served } from "../support/serve.js";
import { gameOf, SECRET, shape } from "./support.js";

type Fields = Readonly<Record<string, unknown>>;
type AnyApp = Pick<App<unknown, AppTypes>, "listen" | "close">;

interface Node {
  readonly app: AnyApp;
  readonly at: Served;
  readonly log: ReturnType<typeof listeningLogger>;
}

async function nodeOn(hub: MemoryHub): Promise<Node> {
  const log = listeningLogger();
  const app = tidemark({
    broker: hub.broker(),
    log,
    authenticate: ({ token }) => (token === undefined ? null : { id: token }),
  }).channels({ "arena/:id": gameOf() });
  return { app, at: await serve(app), log };
}

async function nodes(): Promise<{ hub: MemoryHub; one: Node; other: Node }> {
  const hub = createMemoryHub();
  const one = await nodeOn(hub);
  const other = await nodeOn(hub);
  onTestFinished(() => {
    for (const { log } of [one, other])
      expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
  return { hub, one, other };
}

/** A player with a socket. */
class Player {
  readonly client: Client;
  readonly ok: Fields;
  #reader = new FrameReader(shape.state);
  #read = 0;
  #n: number;

  private constructor(client: Client, ok: Fields) {
    this.client = client;
    this.ok = ok;
    this.#n = Number(ok["last"]);
  }

  static async join(url: string, name: string, had = false, channel = "arena/1"): Promise<Player> {
    const client = await connect(url, { token: name });
    const ok = await client.ask({ subscribe: channel, kind: "room", join: { name }, had });
    expect(ok).toMatchObject({ kind: "room" });
    return new Player(client, ok);
  }

  input(dx: number): void {
    this.client.send([this.ok["ch"], ++this.#n, { dx }]);
  }

  async sees(x: number): Promise<void> {
    await this.client.until(() => (this.#row()["x"] === x ? true : undefined));
  }

  event(name: string): Fields | undefined {
    return this.client.lines.find(
      (line): line is Fields => !Array.isArray(line) && "event" in line && line["event"] === name,
    );
  }

  #row(): Fields {
    const { lines } = this.client;
    for (; this.#read < lines.length; this.#read++) {
      const line = lines[this.#read];
      if (!Array.isArray(line)) {
        if (line !== undefined && "event" in line && line.event === "gap")
          this.#reader = new FrameReader(shape.state);
      } else if (line[2] instanceof Uint8Array) this.#reader.read(line[2], Number(line[1]));
    }
    return this.#reader.rows("players").get(String(this.ok["seat"])) ?? {};
  }
}

describe("two servers", () => {
  test("R34: let players of both play in one room, which one of them runs", async () => {
    const { one, other } = await nodes();
    const ann = await Player.join(one.at.url, "ann");
    const bob = await Player.join(other.at.url, "bob");
    for (let i = 0; i < 4; i++) {
      ann.input(1);
      bob.input(2);
    }
    await ann.sees(104);
    await bob.sees(108);
  });

  test("R28: that stop hand their rooms over while players play, and those move on", async () => {
    const { one, other } = await nodes();
    const ann = await Player.join(one.at.url, "ann");
    const bob = await Player.join(other.at.url, "bob");
    ann.input(1);
    bob.input(1);
    await ann.sees(101);
    await bob.sees(101);
    const closing = one.app.close({ grace: "10s" });
    await ann.client.until(() => ann.event("goaway"));
    // Whoever ran the room, it goes on there now where there is still a server.
    const again = await Player.join(other.at.url, "ann", true);
    await ann.client.until(() => ann.event("unsubscribed"));
    ann.client.socket.close();
    again.input(1);
    bob.input(1);
    await again.sees(102);
    await bob.sees(102);
    expect(again.ok["seat"]).toBe(ann.ok["seat"]);
    expect(bob.event("unsubscribed")).toBeUndefined();
    await closing;
    again.input(1);
    await again.sees(103);
  });

  test("R44: that stop at once have saved their rooms", async () => {
    const { hub, one, other } = await nodes();
    const ann = await Player.join(one.at.url, "ann");
    ann.input(7);
    await ann.sees(107);
    await Promise.all([one.app.close(), other.app.close()]);
    const third = await nodeOn(hub);
    const again = await Player.join(third.at.url, "ann", true);
    await again.sees(107);
    await third.app.close();
    // An app may listen again, with rooms too.
    const { port } = await third.app.listen({ port: 0, host: "127.0.0.1" });
    const back = await Player.join(`ws://127.0.0.1:${port}/connect`, "ann", true);
    await back.sees(107);
  });
});

/** Plays over a stream. */
async function stream(at: Served, secret: string, name: string): Promise<{ stream: Stream; ok: Fields }> {
  const subs = { "arena/1": { kind: "room", join: { name }, secret } };
  const answer = await begin(`${at.http}/connect/stream`, { body: body({ id: 1, connect: { subs } }) });
  const line = await answer.until(() => /^\{"id":1,.*$/m.exec(answer.text)?.[0]);
  const { ok } = JSON.parse(line) as { ok: { subs: Readonly<Record<string, Fields>> } };
  return { stream: answer, ok: ok.subs["arena/1"] ?? {} };
}

/** Where somebody is, by the frames of a stream: lines of text, each frame's bytes as base64. */
async function isAt(answer: Stream, seat: unknown, x: number): Promise<void> {
  await answer.until(() => {
    const reader = new FrameReader(shape.state);
    for (const [, tick, bytes] of answer.text.matchAll(/^\[\d+,(\d+),null,\{"bytes":\d+\}\]\n(.*)\n/gm))
      reader.read(Buffer.from(bytes ?? "", "base64"), Number(tick));
    return reader.rows("players").get(String(seat))?.["x"] === x ? true : undefined;
  });
}

const send = async (at: Served, connected: Fields, ...lines: unknown[]): ReturnType<typeof request> =>
  request(`${at.http}/connect/send`, { body: body({ id: 1, connect: connected }, ...(lines as Fields[])) });

describe("a player over HTTP", () => {
  test("R42: sends inputs by the channel's name and its secret, to whichever server", async () => {
    const { one, other } = await nodes();
    const ann = await stream(one.at, SECRET, "ann");
    expect(ann.ok).toMatchObject({ kind: "room", last: 0 });
    const answer = await send(
      one.at,
      { secret: SECRET },
      ["arena/1", 1, { dx: 1 }],
      ["arena/1", 2, { dx: 1 }],
    );
    expect(answer.status).toBe(200);
    expect(answer.lines.slice(1)).toEqual([{}]);
    await isAt(ann.stream, ann.ok["seat"], 102);
    await send(other.at, { secret: SECRET }, ["arena/1", 3, { dx: 1 }]);
    await send(one.at, { secret: SECRET }, ["arena/1", 4, { dx: 1 }]);
    await send(other.at, { secret: SECRET }, ["arena/1", 4, { dx: 1 }], ["arena/1", 5, { dx: 1 }]);
    await isAt(ann.stream, ann.ok["seat"], 105);
  });

  test("R42: is told of what is refused in the answer to its request", async () => {
    const { one, other } = await nodes();
    await stream(one.at, SECRET, "ann");
    for (const { at } of [one, other]) {
      const answer = await send(
        at,
        { secret: SECRET },
        ["arena/1", 1, { dx: 99 }],
        ["arena/1", 2, { dx: 0 }],
      );
      expect(answer.lines.slice(1)).toMatchObject([
        { event: "refused", channel: "arena/1", n: 1, code: "invalid" },
        {},
      ]);
    }
    const strange = await send(one.at, { secret: "somebody-elses-secret" }, ["arena/1", 1, { dx: 1 }]);
    expect(strange.lines[1]).toMatchObject({ event: "refused", code: "forbidden" });
    const nobody = await send(one.at, {}, ["arena/1", 1, { dx: 1 }]);
    expect(nobody.lines[1]).toMatchObject({ event: "refused", code: "bad_request" });
    const nothing = await send(one.at, { secret: SECRET }, ["nothing", 1, { dx: 1 }]);
    expect(nothing.lines[1]).toMatchObject({ event: "refused", code: "not_found" });
  });

  test("R42: may name no number of a channel, nor send hundreds of inputs at once", async () => {
    const { one } = await nodes();
    const byNumber = await send(one.at, { secret: SECRET }, [1, 1, { dx: 1 }]);
    expect(byNumber.status).toBe(400);
    expect(byNumber.lines).toMatchObject([{ close: 1008 }]);
    const many = Array.from({ length: 300 }, (_, n) => ["arena/1", n, { dx: 1 }]);
    expect((await send(one.at, { secret: SECRET }, ...many)).lines).toMatchObject([{ close: 1008 }]);
    const malformed = await send(one.at, { secret: SECRET }, ["arena/1", "1"]);
    expect(malformed.lines).toMatchObject([{ close: 1008 }]);
  });

  test("R42: is there from one request to the next", async () => {
    const { one } = await nodes();
    const bob = await Player.join(one.at.url, "bob");
    await bob.sees(100);
    const subs = { "arena/1": { join: { name: "ann" }, secret: SECRET } };
    for (let polls = 0; polls < 3; polls++) {
      const answer = await begin(`${one.at.http}/connect/poll`, { body: body({ id: 1, connect: { subs } }) });
      await answer.until(() => (answer.ended ? true : undefined));
      expect(answer.text).toContain('"kind":"room"');
    }
    await send(one.at, { secret: SECRET }, ["arena/1", 1, { dx: 1 }]);
    bob.input(1);
    await bob.sees(101);
  });
});
