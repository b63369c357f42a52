/** The ways out of a socket. Whoever reads must not be able to tell which of them was taken. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { seededRandom } from "tidemark/testing";
import { stream, tidemark } from "../../src/server/index.js";
import { handleOf } from "../../src/server/transports/websocket/socket-handle.js";
import { SocketReader, kept } from "../../src/server/transports/websocket/socket-reader.js";
import { BINARY, PING, PONG, TEXT, frame, upgrade } from "./support/raw.js";
import { deferred, quiet, serve } from "./support/serve.js";
import { nextTurn, socketPair } from "./support/sockets.js";

const SEED = 20_261_129;

/** Reads, and keeps what comes. */
function readAll(near: Socket, direct: boolean): { readonly reader: SocketReader; readonly came: Buffer[] } {
  const came: Buffer[] = [];
  const owner = {
    read: (bytes: Buffer) => void came.push(kept(bytes)),
    failed: (error: unknown) => expect.fail(String(error)),
  };
  return { reader: new SocketReader(near, owner, direct ? handleOf(near) : undefined), came };
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once("close", resolve));

describe.each([
  ["past the stream", true],
  ["through the stream", false],
])("%s", (_, direct) => {
  it("K23: what is sent is read whole and in order, however often reading rests", async () => {
    for (let run = 0; run < 12; run++) {
      const random = seededRandom(SEED + run);
      const upTo = (most: number): number => Math.floor(random.float() * most);
      const { near, far } = await socketPair();
      const { reader, came } = readAll(near, direct);
      expect(reader.direct).toBe(direct);
      const ended = once(near, "end");
      const sent = Array.from({ length: 40 }, () =>
        Buffer.alloc(1 + (upTo(4) === 0 ? upTo(300_000) : upTo(2000)), String.fromCharCode(33 + upTo(90))),
      );
      for (const bytes of sent) {
        far.write(bytes);
        if (upTo(3) === 0) reader.pause();
        if (upTo(3) === 0) await nextTurn();
        if (upTo(3) === 0) reader.resume();
      }
      far.end();
      reader.resume();
      await ended;
      expect(Buffer.concat(came).equals(Buffer.concat(sent)), `seed ${SEED + run}`).toBe(true);
    }
  });

  it("K9, K23: nothing is read while reading rests, from the first turn on", async () => {
    const { near, far } = await socketPair();
    const { reader, came } = readAll(near, direct);
    reader.pause();
    await new Promise((resolve) => far.write("x".repeat(10), resolve));
    for (let i = 0; i < 20; i++) await nextTurn();
    expect(came).toEqual([]);
    reader.resume();
    while (came.length === 0) await nextTurn();
    reader.pause();
    far.write("y".repeat(10));
    for (let i = 0; i < 20; i++) await nextTurn();
    expect(Buffer.concat(came).toString()).toBe("x".repeat(10));
    reader.resume();
    far.end();
    await once(near, "end");
    expect(Buffer.concat(came).toString()).toBe("x".repeat(10) + "y".repeat(10));
  });

  it("K23: the socket closes once both sides have ended", async () => {
    const { near, far } = await socketPair();
    const { came } = readAll(near, direct);
    const [nearClosed, farClosed] = [closed(near), closed(far)];
    near.on("end", () => near.end("goodbye"));
    far.end("hello");
    far.resume();
    await Promise.all([nearClosed, farClosed]);
    expect(Buffer.concat(came).toString()).toBe("hello");
    expect(near.errored).toBeNull();
  });

  it("K24: what is given back is the stream's, and nothing of it is lost however slowly that is read", async () => {
    const { near, far } = await socketPair();
    const { reader, came } = readAll(near, direct);
    far.write("first");
    while (came.length === 0) await nextTurn();
    reader.giveBack(came[0]);
    const sent = Buffer.from("0123456789".repeat(80_000));
    far.end(sent);
    const read: Buffer[] = [];
    for await (const bytes of near) {
      read.push(bytes as Buffer);
      await nextTurn();
    }
    const whole = Buffer.concat(read);
    expect(whole.subarray(0, 5).toString()).toBe("first");
    expect(whole.subarray(5).equals(sent)).toBe(true);
    expect(came).toHaveLength(1);
  });

  it("K24: what was given back can be taken again", async () => {
    const { near, far } = await socketPair();
    readAll(near, direct).reader.giveBack();
    const { reader, came } = readAll(near, direct);
    near.resume();
    expect(reader.direct).toBe(direct);
    far.end("again");
    await once(near, "end");
    expect(Buffer.concat(came).toString()).toBe("again");
  });

  it("K23: a peer that breaks off closes the socket", async () => {
    const { near, far } = await socketPair();
    const { reader } = readAll(near, direct);
    const gone = closed(near);
    far.resetAndDestroy();
    await gone;
    // What comes too late does nothing.
    reader.pause();
    reader.resume();
  });

  it("K23: a socket that is closed here tells nothing more", async () => {
    const { near, far } = await socketPair();
    const { reader, came } = readAll(near, direct);
    far.write("late");
    near.destroy();
    reader.pause();
    reader.resume();
    await closed(far);
    expect(came).toEqual([]);
  });
});

it("K23: what is kept of one socket's bytes is not overwritten by another's", async () => {
  const pairs = await Promise.all(Array.from({ length: 8 }, socketPair));
  const readers = pairs.map(({ near }) => readAll(near, true));
  for (let round = 0; round < 20; round++) {
    for (const [i, { far }] of pairs.entries()) far.write(Buffer.alloc(100, 65 + i));
    while (readers.some(({ came }) => Buffer.concat(came).length < 100 * (round + 1))) await nextTurn();
  }
  for (const [i, { came }] of readers.entries()) {
    expect(Buffer.concat(came).toString()).toBe(String.fromCharCode(65 + i).repeat(2000));
  }
});

it("K23: what the stream had read already is not lost", async () => {
  const { near, far } = await socketPair();
  near.unshift(Buffer.from("before, "));
  const { reader, came } = readAll(near, true);
  expect(reader.direct).toBe(false);
  far.end("after");
  await once(near, "end");
  expect(Buffer.concat(came).toString()).toBe("before, after");
});

it.each([true, false])(
  "K23: pieces of messages of many peers do not mix (directSockets: %s)",
  async (directSockets) => {
    const { port } = await serve(tidemark({ ...quiet, directSockets }));
    const peers = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const raw = await upgrade(port, "/echo");
        const message = Buffer.alloc(9000, 65 + i);
        // In fragments, and in pieces that end anywhere.
        const bytes = Buffer.concat([
          frame(BINARY, message.subarray(0, 4000), { fin: false }),
          frame(0, message.subarray(4000, 8000), { fin: false }),
          frame(PING, `ping ${i}`),
          frame(0, message.subarray(8000)),
          frame(TEXT, `text ${i}`),
          frame(BINARY, message.subarray(0, 300)),
        ]);
        return { raw, bytes, message };
      }),
    );
    for (let at = 0; at < 9500; at += 701) {
      for (const { raw, bytes } of peers) raw.write(bytes.subarray(at, at + 701));
      await nextTurn();
    }
    for (const [i, { raw, message }] of peers.entries()) {
      const frames = [await raw.frame(), await raw.frame(), await raw.frame(), await raw.frame()];
      expect(frames.map(({ opcode }) => opcode)).toEqual([PONG, BINARY, TEXT, BINARY]);
      const [pong, whole, text, small] = frames.map(({ payload }) => payload);
      expect([pong?.toString(), text?.toString()]).toEqual([`ping ${i}`, `text ${i}`]);
      expect(whole?.equals(message)).toBe(true);
      expect(small?.equals(message.subarray(0, 300))).toBe(true);
    }
  },
);

it("K23: bytes that a hook waits with are still those that were sent", async () => {
  const gate = deferred();
  const app = tidemark(quiet).channels({
    "a/:id": stream({
      retain: { count: 10 },
      onPublish: async ({ data }) => {
        await gate.promise;
        return data;
      },
    }),
  });
  const { port } = await serve(app);
  const raw = await upgrade(port);
  const publish = (id: number, letter: string): Buffer =>
    frame(BINARY, `{"id":${id},"publish":"a/${id}","bytes":5}\n${letter.repeat(5)}`);
  raw.write(frame(TEXT, '{"id":1,"connect":{"subs":{"a/2":{},"a/3":{}}}}'));
  await raw.frame();
  raw.write(publish(2, "x"));
  // Read after the first one, over it.
  const other = await upgrade(port, "/echo");
  for (let i = 0; i < 3; i++) {
    other.write(frame(TEXT, "z".repeat(200)));
    await other.frame();
  }
  gate.resolve();
  const { payload } = await raw.frame();
  expect(payload.toString()).toContain("xxxxx");
});
