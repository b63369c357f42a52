/** What is compressed on its way out, and how often. */
import { describe, expect, it } from "vitest";
import { TurnBudget } from "../../../../src/server/connection/limits/turn-budget.js";
import { Chunk, bytesLine, compressibleChunk, textChunk } from "../../../../src/server/delivery/chunk.js";
import { Deflate } from "../../../../src/server/transports/websocket/deflate/deflate.js";
import { frameOf, framesOf } from "../../../../src/server/transports/websocket/frame.js";
import { connect, open, type Client } from "../../support/client.js";
import { makeStateApp, manyKeys, uncompress, upgradeToDeflate } from "../../support/deflate.js";
import { Loop } from "../../support/loop.js";
import { TEXT, frame, type Raw } from "../../support/raw.js";
import { serve } from "../../support/serve.js";

function setup(): { loop: Loop; deflate: Deflate } {
  const loop = new Loop();
  return { loop, deflate: new Deflate(loop.clock, new TurnBudget(loop.clock)) };
}

const long = (letter: string, size = 2000): Chunk => compressibleChunk(letter.repeat(size));

/** What each frame says, and whether it is compressed. */
function read(frames: readonly (string | Buffer)[]): string[] {
  return frames.map((one) => {
    const bytes = typeof one === "string" ? Buffer.from(one, "latin1") : one;
    const payload = bytes.subarray((bytes.readUInt8(1) & 127) === 126 ? 4 : 2);
    const isCompressed = (bytes.readUInt8(0) & 0x40) !== 0;
    const text = isCompressed ? uncompress(payload) : payload.toString();
    return `${isCompressed ? "compressed" : "plain"} ${text.slice(0, 4)} ${text.length}`;
  });
}

describe("frames", () => {
  it("E37: a chunk is compressed once, however many take it", () => {
    const { deflate } = setup();
    const chunk = long("a");
    const first = deflate.frameOf(chunk);
    expect(read([first])).toEqual(["compressed aaaa 2000"]);
    expect(first.length).toBeLessThan(60);
    expect(deflate.frameOf(chunk)).toBe(first);
    expect(framesOf([textChunk("1"), chunk], deflate)[1]).toBe(first);
    // Whoever does not compress is sent it as ever.
    expect(read(framesOf([textChunk("1"), chunk]))).toEqual(["plain 1\naa 2002"]);
    expect(framesOf([chunk])).toEqual([frameOf(chunk)]);
  });

  it("E37: what is compressed goes alone, in its place; all else goes together as ever", () => {
    const { deflate } = setup();
    const answer = textChunk(`{"id":1,"ok":${JSON.stringify("t".repeat(600))}}`);
    const bytes = new Chunk([bytesLine('{"bytes":600}', Buffer.alloc(600, "x"))]);
    const frames = framesOf(
      [textChunk("1"), answer, long("a"), long("b", 511), textChunk("2"), bytes],
      deflate,
    );
    expect(read(frames)).toEqual([
      `plain 1\n{" ${answer.size + 1}`,
      "compressed aaaa 2000",
      `plain bbbb ${511 + 1 + 1 + 1 + bytes.size - 1}`,
    ]);
    expect((frames[2] as Buffer)[0]).toBe(0x82);
  });

  it("E37: text of any script is what it was", () => {
    const { deflate } = setup();
    const text = "né€😀".repeat(300);
    const sent = deflate.frameOf(compressibleChunk(text)) as Buffer;
    expect(uncompress(sent.subarray((sent.readUInt8(1) & 127) === 126 ? 4 : 2))).toBe(text);
  });

  it("E38: what there is no time for in this turn goes as it is, for whoever takes it in this turn", () => {
    const { loop, deflate } = setup();
    const chunks = Array.from({ length: 60 }, (_, i) => long(String(i % 10), 20_000));
    const sent = chunks.map((chunk) => {
      loop.now += 0.3;
      return read([deflate.frameOf(chunk)])[0]?.startsWith("compressed");
    });
    const count = sent.indexOf(false);
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThan(20);
    expect(sent.slice(count).includes(true)).toBe(false);
    const last = chunks.at(-1) as Chunk;
    expect(deflate.frameOf(last)).toBe(frameOf(last));
    loop.turn();
    expect(read([deflate.frameOf(last)])).toEqual(["compressed 9999 20000"]);
  });
});

/** A client that says it compresses, connected and subscribed. */
async function subscribed(url: string, options: object): Promise<{ client: Client; ch: unknown }> {
  const client = await open(url, options);
  await client.ask({ connect: {} });
  return { client, ch: (await client.ask({ subscribe: "keys/a" }))["ch"] };
}

async function told({ client, ch }: { client: Client; ch: unknown }): Promise<unknown> {
  return (await client.message(ch))[1];
}

async function nextFrame(raw: Raw): Promise<{ readonly compressed: boolean; readonly text: string }> {
  const { compressed, payload } = await raw.frame();
  return { compressed, text: compressed ? uncompress(payload) : payload.toString() };
}

describe("on the wire", () => {
  it("E37: those who compress and those who do not are told the same", async () => {
    const { url, port } = await serve(makeStateApp());
    const viewers = [
      await subscribed(`${url}?deflate=1`, { perMessageDeflate: true }),
      await subscribed(`${url}?deflate=1`, { perMessageDeflate: { threshold: 0 } }),
      await subscribed(`${url}?deflate=1`, { perMessageDeflate: false }),
      await subscribed(url, { perMessageDeflate: true }),
    ];
    expect(viewers.map(({ client }) => client.socket.extensions)).toEqual([
      "permessage-deflate",
      "permessage-deflate",
      "",
      "",
    ]);
    const publisher = await connect(`ws://127.0.0.1:${port}/connect`);
    for (const viewer of viewers) await told(viewer);
    for (const count of [1, 100, 3, 600, 2]) {
      const set = manyKeys(count, count);
      await publisher.ask({ publish: "keys/a", data: { set } });
      for (const viewer of viewers) expect(await told(viewer)).toEqual(Object.entries(set).flat());
    }
  });

  it("E37: only messages of keys are compressed, whatever comes with them", async () => {
    const { port, url } = await serve(makeStateApp());
    const publisher = await connect(url);
    await publisher.ask({ publish: "keys/a", data: { set: manyKeys(100, 1) } });
    const raw = await upgradeToDeflate(port);
    const data = `"${"n".repeat(900)}"`;
    raw.write(
      frame(
        TEXT,
        `{"id":1,"connect":{"subs":{"keys/a":{},"chat/a":{}}}}\n{"id":2,"publish":"chat/a","data":${data}}`,
      ),
    );
    const seen: string[] = [];
    while (!(seen.some((one) => one.includes('"id":2')) && seen.some((one) => one.includes("host-1000")))) {
      const { compressed, text } = await nextFrame(raw);
      const lines = text.split("\n");
      expect(compressed).toBe(text.includes("host-1000"));
      if (compressed) expect(lines).toHaveLength(1);
      seen.push(text);
    }
    // A small change is sent as it is.
    await publisher.ask({ publish: "keys/a", data: { set: { small: 1 } } });
    const small = await nextFrame(raw);
    expect(small).toEqual({ compressed: false, text: expect.stringContaining('["small",1]') as string });
  });
});
