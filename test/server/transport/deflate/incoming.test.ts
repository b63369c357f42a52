/** Who sends compressed commands, over sockets, and whoever is beside them. */
import { describe, expect, it } from "vitest";
import { state, stream, tidemark } from "../../../../src/server/index.js";
import { connect, open } from "../../support/client.js";
import { OFFER, compressed, makeStateApp, upgradeToDeflate } from "../../support/deflate.js";
import { BINARY, CLOSE, TEXT, closing, frame, upgrade, type Raw } from "../../support/raw.js";
import { quiet, serve } from "../../support/serve.js";

const CONNECT = '{"id":1,"connect":{}}';

/** Takes frames until one says this. */
async function hears(raw: Raw, what: string): Promise<string> {
  for (;;) {
    const text = (await raw.frame()).payload.toString();
    if (text.includes(what)) return text;
  }
}

describe.each([
  ["past the stream", true],
  ["through the stream", false],
])("%s", (_, directSockets) => {
  it("W41: commands of a client that compresses are carried out as others are", async () => {
    const { url } = await serve(makeStateApp({ directSockets }));
    const client = await open(`${url}?deflate=1`, { perMessageDeflate: { threshold: 0 } });
    await client.ask({ connect: {} });
    const { ch } = await client.ask({ subscribe: "chat/a" });
    for (const data of ["", "é€😀", "x".repeat(60_000)]) {
      await client.ask({ publish: "chat/a", data });
      expect((await client.message(ch))[1]).toBe(data);
    }
    client.socket.send(Buffer.from('{"id":7,"publish":"chat/a","bytes":3}\nabc'), { compress: true });
    expect(await client.answer(7)).toHaveProperty("offset");
    expect((await client.message(ch))[1]).toEqual(Buffer.from("abc"));
  });

  it("K60: however many come at once, a turn of the event loop inflates some of them; all are carried out, in order", async () => {
    const perTurn = new Map<number, number>();
    const order: unknown[] = [];
    let turn = 0;
    let isOver = false;
    const tick = (): void => {
      turn++;
      if (!isOver) setImmediate(tick);
    };
    const app = tidemark({ ...quiet, directSockets, limits: { commands: false } }).channels({
      "chat/:id": stream({
        onPublish: ({ data }) => {
          perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
          order.push(data);
        },
      }),
    });
    const { port } = await serve(app);
    const raw = await upgradeToDeflate(port);
    raw.write(frame(TEXT, CONNECT));
    await hears(raw, '"client"');
    const other = await upgrade(port);
    tick();
    const count = 1000;
    const frames = Array.from({ length: count }, (_one, n) => {
      const line = `{"publish":"chat/a","data":${n}}`;
      return n % 10 === 9 ? frame(TEXT, line) : compressed(TEXT, line);
    });
    raw.write(Buffer.concat([...frames, compressed(TEXT, '{"id":2,"publish":"chat/a","data":"last"}')]));
    // What waits is not overwritten by what others send meanwhile.
    const blank = frame(TEXT, "\n".repeat(60_000));
    for (let i = 0; i < 20; i++) other.write(blank);
    await hears(raw, '"id":2');
    isOver = true;
    expect(order).toEqual([...Array.from({ length: count }, (_one, n) => n), "last"]);
    expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(220);
  });

  it("K60: a goodbye behind what waits is heard in its turn", async () => {
    const app = makeStateApp({ directSockets, limits: { commands: false } });
    const { port } = await serve(app);
    const reader = await connect(`ws://127.0.0.1:${port}/connect`);
    const { ch } = await reader.ask({ subscribe: "chat/a" });
    const raw = await upgradeToDeflate(port);
    raw.write(frame(TEXT, CONNECT));
    await hears(raw, '"client"');
    const count = 400;
    const frames = Array.from({ length: count }, (_one, n) =>
      compressed(TEXT, `{"publish":"chat/a","data":${n}}`),
    );
    raw.write(Buffer.concat([...frames, frame(CLOSE, closing(1000))]));
    expect((await raw.closeFrame()).code).toBe(1000);
    expect(await reader.payloads(ch, count)).toEqual(Array.from({ length: count }, (_one, n) => n));
  });

  it("K60: what is in a message counts as bytes that were sent", async () => {
    const bytes = { perSecond: 64 * 1024 * 1024, burst: 200_000 };
    const app = makeStateApp({ directSockets, limits: { bytes, commands: false } });
    const { port } = await serve(app);
    const raw = await upgradeToDeflate(port);
    raw.write(frame(TEXT, CONNECT));
    await hears(raw, '"client"');
    expect(app.stats.refused.bytes).toBe(0);
    const blank = compressed(TEXT, `${"\n".repeat(100_000)}{"publish":"chat/a","data":1}`);
    expect(blank.length).toBeLessThan(300);
    const last = compressed(TEXT, '{"id":2,"publish":"chat/a","data":"last"}');
    raw.write(Buffer.concat([...Array.from({ length: 100 }, () => blank), last]));
    await hears(raw, '"id":2');
    expect(app.stats.refused.bytes).toBeGreaterThan(0);
  });

  it("K9, K60: who has too much unanswered is not inflated for, and goes on afterwards", async () => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const order: unknown[] = [];
    const app = tidemark({ ...quiet, directSockets, limits: { unanswered: 3, commands: false } }).channels({
      "keys/:id": state(),
      "chat/:id": stream({
        onPublish: async ({ data }) => {
          order.push(data);
          await held;
        },
      }),
    });
    const { port } = await serve(app);
    const raw = await upgradeToDeflate(port);
    raw.write(frame(TEXT, CONNECT));
    await hears(raw, '"client"');
    const line = (n: number): string => `{"id":${n},"publish":"chat/a","data":${n}}`;
    raw.write(Buffer.concat(Array.from({ length: 60 }, (_one, i) => compressed(TEXT, line(10 + i)))));
    // Another connection is served meanwhile.
    const other = await connect(`ws://127.0.0.1:${port}/connect`);
    await other.settled();
    release?.();
    await hears(raw, '"id":69');
    expect(order).toEqual(Array.from({ length: 60 }, (_one, i) => 10 + i));
  });
});

it.each([
  ["W41: a message that cannot be inflated", frame(TEXT, Buffer.alloc(20, 0xff), { rsv: 4 }), 1007],
  ["W41: one that has more in it than a frame may have", compressed(BINARY, Buffer.alloc(1_000_000)), 1009],
  ["W41: a continuation that says it is compressed", frame(0, "x", { rsv: 4 }), 1002],
])("%s closes the connection, and no other", async (_, bytes, code) => {
  const { port, url } = await serve(makeStateApp());
  const other = await connect(url);
  const raw = await upgradeToDeflate(port);
  raw.write(bytes);
  expect((await raw.closeFrame()).code).toBe(code);
  await other.settled();
});

it("W41: nothing is inflated where compression was not agreed on", async () => {
  const { port } = await serve(makeStateApp());
  for (const path of ["/connect", "/echo?deflate=1"]) {
    const raw = await upgrade(port, path, { "Sec-WebSocket-Extensions": OFFER });
    raw.write(compressed(TEXT, CONNECT));
    expect((await raw.closeFrame()).code).toBe(1002);
  }
});
