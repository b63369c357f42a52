/** The echo. */
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { open } from "../support/client.js";
import { BINARY, PING, PONG, closing, frame, upgrade } from "../support/raw.js";
import { deferred, serve } from "../support/serve.js";
import { makeApp, attached } from "../support/someones-server.js";

describe("the echo", () => {
  it("A16: sends back text and binary, whole or in fragments, of every size up to 1 MiB", async () => {
    const { echo } = await serve(makeApp());
    const socket = (await open(echo)).socket;
    socket.removeAllListeners("message");
    const next = (): Promise<[Buffer, boolean]> =>
      new Promise((resolve) => socket.once("message", (data: Buffer, isBinary) => resolve([data, isBinary])));
    for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000, 1_048_576]) {
      for (const binary of [true, false]) {
        const data = Buffer.alloc(size, "x");
        const back = next();
        const half = Math.floor(size / 2);
        if (size % 2 === 0) socket.send(data, { binary });
        else {
          socket.send(data.subarray(0, half), { binary, fin: false });
          socket.send(data.subarray(half), { binary, fin: true });
        }
        const [got, isBinary] = await back;
        expect(got.equals(data)).toBe(true);
        expect(isBinary).toBe(binary);
      }
    }
  });

  it("A16: answers pings with what was in them, also between fragments, and closes with the code it was given", async () => {
    const { port } = await serve(makeApp());
    const raw = await upgrade(port, "/echo");
    raw.write(
      Buffer.concat([
        frame(BINARY, "a", { fin: false }),
        frame(PING, "one"),
        frame(0, "b", { fin: false }),
        frame(PING),
        frame(PONG, "unasked"),
        frame(0, "c"),
      ]),
    );
    expect(await raw.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from("one") });
    expect(await raw.frame()).toMatchObject({ opcode: PONG, payload: Buffer.alloc(0) });
    expect(await raw.frame()).toMatchObject({ fin: true, opcode: BINARY, payload: Buffer.from("abc") });
    raw.write(frame(8, closing(4321, "bye")));
    expect(await raw.closeFrame()).toEqual({ code: 4321, reason: expect.any(String) });
    expect(await raw.ended).toBe("end");
  });

  it("A16: closes with 1009 what is larger", async () => {
    const { echo } = await serve(makeApp());
    const client = await open(echo);
    client.socket.send(Buffer.alloc(1_048_577));
    expect((await client.closed).code).toBe(1009);
  });

  it("G6: does not read from a peer that does not read, and loses nothing by that", async () => {
    const server = createServer();
    const held = deferred<{ writableLength: number }>();
    server.on("connection", (socket) => held.resolve(socket));
    const { port } = await attached(makeApp(), server);
    const raw = await upgrade(port, "/echo");
    const socket = await held.promise;
    raw.socket.pause();
    const message = frame(BINARY, Buffer.alloc(100_000, 7));
    let sent = 0;
    // Until the way there is full, too.
    while (raw.socket.writableLength < 4_000_000 && sent < 2000) {
      raw.socket.write(message);
      sent++;
      if (sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(2000);
    expect(socket.writableLength).toBeLessThan(1_000_000);
    raw.socket.resume();
    for (let i = 0; i < sent; i++) expect((await raw.frame()).payload.length).toBe(100_000);
  });
});
