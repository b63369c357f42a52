/** Frames on the wire, as they are read and written. */
import { describe, expect, it } from "vitest";
import { stream, tidemark } from "../../../src/server/index.js";
import { connect } from "../support/client.js";
import { PING, PONG, TEXT, frame, upgrade } from "../support/raw.js";
import { quiet, serve } from "../support/serve.js";
import { makeApp } from "../support/someones-server.js";

describe("frames on the wire", () => {
  it("W2: JSON over several lines, and several values in one frame", async () => {
    const { url } = await serve(makeApp());
    const client = await connect(url);
    client.send('{\n  "id": 1,\n  "subscribe": "chat/a"\n}');
    expect(await client.answer(1)).toHaveProperty("ch");
    client.send('{"id":2,"subscribe":"chat/b"}\r\n\r\n  {"id":3,"subscribe":"chat/c"}  \n');
    expect(await client.answer(2)).toHaveProperty("ch");
    expect(await client.answer(3)).toHaveProperty("ch");
  });

  it("W2: fragments of a frame, with a ping between them", async () => {
    const { port } = await serve(makeApp());
    const raw = await upgrade(port);
    raw.write(frame(TEXT, '{"id":1,', { fin: false }));
    raw.write(frame(PING, "here?"));
    raw.write(frame(0, '"connect":{}}'));
    expect(await raw.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from("here?") });
    expect((await raw.frame()).payload.toString()).toContain('"client"');
  });

  it("W17, L3: payloads of every size and script come as they were sent", async () => {
    const app = makeApp();
    const { url } = await serve(app);
    const [client, other] = [await connect(url), await connect(url)];
    const { ch } = await client.ask({ subscribe: "chat/a" });
    const payloads: unknown[] = [
      "",
      "\n\r\u2028\u2029",
      '"quoted"\\',
      "ÿ",
      "€",
      "😀",
      "\ud83d",
      "\u0000",
      null,
      0,
      -0.5,
      1e21,
      [],
      {},
      [[[]]],
      { "": "", "\n": 1 },
      ...[100, 110, 125, 126, 1000, 1010, 1020, 1024, 1030, 60_000, 65_500].flatMap((size) => [
        "x".repeat(size),
        "é".repeat(size / 2),
      ]),
    ];
    for (const payload of payloads) {
      expect(await other.ask({ publish: "chat/a", data: payload })).toHaveProperty("offset");
      expect((await client.message(ch))[1]).toEqual(payload);
    }
    for (const size of [0, 1, 125, 126, 1000, 65_535, 65_536]) {
      const bytes = Buffer.alloc(size, 10);
      other.socket.send(
        Buffer.concat([Buffer.from(`{"id":1,"publish":"chat/a","data":null,"bytes":${size}}\n`), bytes]),
      );
      expect(await other.answer(1)).toHaveProperty("offset");
      const parts: Uint8Array[] = [];
      for (let isWhole = false; !isWhole;) {
        const [, part, meta] = (await client.message(ch)) as [number, Uint8Array, { more?: true }];
        parts.push(part);
        isWhole = meta.more === undefined;
      }
      expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    }
  });

  it("F4, G6: a subscriber that does not read holds up nobody, and gets the rest when it reads again", async () => {
    const app = tidemark({ ...quiet, limits: { commands: false, ping: 600_000 } }).channels({
      "chat/:id": stream({ retain: { count: 100 } }),
    });
    const { url, port } = await serve(app);
    const fast = await connect(url, {});
    const { ch } = await fast.ask({ subscribe: "chat/a" });
    const slow = await connect(url);
    await slow.ask({ subscribe: "chat/a" });
    slow.socket.pause();
    const text = "x".repeat(30_000);
    for (let i = 0; i < 400; i++) {
      await app.publish("chat/:id", { id: "a" }, `${i} ${text}`);
      if (i % 10 === 9) await fast.payloads(ch, 10);
      fast.frames.length = 0;
    }
    expect(app.stats.connections).toBe(2);
    slow.socket.resume();
    await slow.until(() =>
      slow.lines.some((line) => Array.isArray(line) && (line[2] as string).startsWith("399 "))
        ? true
        : undefined,
    );
    let at = -1;
    for (const line of slow.lines) {
      if (!Array.isArray(line)) expect(line).toMatchObject({ event: "gap", reason: "trimmed" });
      else {
        const n = parseInt(line[2] as string);
        if (n !== at + 1) expect(slow.lines.some((one) => "event" in one)).toBe(true);
        expect(n).toBeGreaterThan(at);
        at = n;
      }
    }
    expect(port).toBeGreaterThan(0);
  });
});
