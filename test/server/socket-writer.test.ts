/** The ways into a socket. What a peer gets must not tell which of them was taken. */
import { once } from "node:events";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { seededRandom } from "tidemark/testing";
import { SocketWriter } from "../../src/server/transports/websocket/socket-writer.js";
import { findBinding, handleOf } from "../../src/server/transports/websocket/socket-handle.js";
import { nextTurn, socketPair } from "./support/sockets.js";

const SEED = 20_261_128;

const BLOCK = 64 * 1024;

/** Fills what the system takes without being read from, and one block more. Returns how many bytes that were. */
function fill(writer: SocketWriter): number {
  const block = Buffer.alloc(BLOCK, "f");
  let filled = 0;
  for (; writer.unsent === 0; filled += block.length) writer.write(block);
  return filled;
}

/** Without `--expose-gc` on the command line. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
}

const drained = (writer: SocketWriter): Promise<void> =>
  new Promise((resolve) => writer.whenDrained(resolve));

it("takes the short way on every release that it was tried on", async () => {
  const { near } = await socketPair();
  expect(handleOf(near)).toBeDefined();
});

describe.each([
  ["past the stream", true],
  ["through the stream", false],
])("%s", (_, direct) => {
  it("K22: what is written arrives whole and in order, however slowly it is read", async () => {
    for (let run = 0; run < 12; run++) {
      const random = seededRandom(SEED + run);
      const upTo = (most: number): number => Math.floor(random.float() * most);
      const { near, far } = await socketPair();
      const writer = new SocketWriter(near, direct ? handleOf(near) : undefined);
      const came: Buffer[] = [];
      far.on("data", (bytes) => {
        came.push(bytes);
        // A peer that stops reading at any moment, for a turn or a few.
        if (upTo(3) > 0) return;
        far.pause();
        let turns = upTo(5);
        const goOn = (): void => void (turns-- > 0 ? setImmediate(goOn) : far.resume());
        setImmediate(goOn);
      });
      const sent: Buffer[] = [];
      const frame = (): string | Buffer => {
        const size = 1 + (upTo(4) === 0 ? upTo(400_000) : upTo(2000));
        const bytes = Buffer.alloc(size, String.fromCharCode(33 + upTo(90)));
        sent.push(bytes);
        return upTo(2) === 0 ? bytes : bytes.toString("latin1");
      };
      for (let i = 0; i < 60; i++) {
        if (upTo(4) === 0) writer.writeAll(Array.from({ length: 1 + upTo(3) }, frame));
        else writer.write(frame());
        if (upTo(6) === 0) await nextTurn();
        if (upTo(12) === 0) await drained(writer);
      }
      near.end();
      await once(far, "end");
      expect(Buffer.concat(came).equals(Buffer.concat(sent)), `seed ${SEED + run}`).toBe(true);
      expect(writer.unsent).toBe(0);
    }
  });

  it("K22: what the peer has not read counts as unsent, and draining is told once it has", async () => {
    const { near, far } = await socketPair();
    far.pause();
    const writer = new SocketWriter(near, direct ? handleOf(near) : undefined);
    const filled = fill(writer);
    expect(writer.unsent).toBe(BLOCK);
    writer.write("behind it");
    expect(writer.unsent).toBe(BLOCK + "behind it".length);
    let told = 0;
    const done = new Promise<void>((resolve) => {
      writer.whenDrained(() => {
        told++;
        expect(writer.unsent).toBe(0);
        resolve();
      });
    });
    expect(told).toBe(0);
    let came = 0;
    far.on("data", (bytes) => (came += bytes.length)).resume();
    await done;
    near.end();
    await once(far, "end");
    expect(came).toBe(filled + "behind it".length);
    expect(told).toBe(1);
  });

  it("K22: what comes late overtakes nothing that still waits behind something large", async () => {
    const { near, far } = await socketPair();
    far.pause();
    const writer = new SocketWriter(near, direct ? handleOf(near) : undefined);
    const filled = fill(writer);
    const large = Buffer.alloc(24 * 1024 * 1024, "l");
    writer.write(large);
    writer.write("first");
    const came: Buffer[] = [];
    far.on("data", (bytes) => came.push(bytes));
    // The block is gone and the large one is under way.
    while (writer.unsent > large.length + "first".length) {
      far.resume();
      await nextTurn();
      far.pause();
    }
    expect(writer.unsent).toBe(large.length + "first".length);
    writer.write("second");
    far.resume();
    near.end();
    await once(far, "end");
    const all = Buffer.concat(came);
    expect(all.length).toBe(filled + large.length + "firstsecond".length);
    expect(all.subarray(-"firstsecond".length).toString()).toBe("firstsecond");
  });

  it("K22: bytes that wait are kept, though nobody else knows them any more", async () => {
    const { near, far } = await socketPair();
    far.pause();
    const writer = new SocketWriter(near, direct ? handleOf(near) : undefined);
    const size = 32 * 1024 * 1024;
    (() => writer.write(Buffer.alloc(size, "k")))();
    expect(writer.unsent).toBe(size);
    collectGarbage();
    await nextTurn();
    collectGarbage();
    let right = 0;
    far
      .on("data", (bytes) => (right += bytes.equals(Buffer.alloc(bytes.length, "k")) ? bytes.length : NaN))
      .resume();
    near.end();
    await once(far, "end");
    expect(right).toBe(size);
  });

  it("K22: each of several connections that wait is told of its own", async () => {
    const pairs = await Promise.all([socketPair(), socketPair(), socketPair()]);
    const writers = pairs.map(({ near }) => new SocketWriter(near, direct ? handleOf(near) : undefined));
    for (const { far } of pairs) far.pause();
    for (const writer of writers) fill(writer);
    const all = Promise.all(writers.map(drained));
    for (const { far } of pairs) far.resume();
    await all;
    expect(writers.map(({ unsent }) => unsent)).toEqual([0, 0, 0]);
  });

  it("K22: draining is told in a later turn where nothing waits", async () => {
    const { near } = await socketPair();
    const writer = new SocketWriter(near, direct ? handleOf(near) : undefined);
    let told = false;
    const done = new Promise<void>((resolve) => {
      writer.whenDrained(() => {
        told = true;
        resolve();
      });
    });
    expect(told).toBe(false);
    await done;
  });

  it("K16: a peer that is gone while much waits for it ends in a closed socket, and writing on is harmless", async () => {
    const { near, far } = await socketPair();
    far.pause();
    const writer = new SocketWriter(near, direct ? handleOf(near) : undefined);
    fill(writer);
    const closed = new Promise((resolve) => near.once("close", resolve));
    far.resetAndDestroy();
    await closed;
    writer.write("nobody hears this");
    writer.writeAll(["nor", "this"]);
    near.destroy();
    writer.write(Buffer.from("nor this"));
  });
});

describe("the long way", () => {
  it.each([
    [
      "a socket with a write of somebody's own",
      (socket: Socket) => Object.assign(socket, { write: () => true }),
    ],
    [
      "a kind of socket that it does not know",
      (socket: Socket) => Object.setPrototypeOf(socket, class extends Socket {}.prototype),
    ],
    ["a socket that has no handle", (socket: Socket) => Object.assign(socket, { _handle: null })],
  ])("is taken for %s", async (_, change) => {
    const { near } = await socketPair();
    change(near);
    expect(handleOf(near)).toBeUndefined();
  });

  it("is taken for what is no socket", () => {
    const socket = new Duplex({ write() {} });
    expect(handleOf(socket)).toBeUndefined();
    const writer = new SocketWriter(socket);
    writer.write("waits");
    expect(writer.unsent).toBe("waits".length);
  });

  it("is taken on releases of Node that nobody has tried", () => {
    expect(findBinding(process.versions.node)).toBeDefined();
    for (const version of ["19.0.0", "21.7.3", "28.0.0", "", "2"])
      expect(findBinding(version)).toBeUndefined();
  });

  it("is taken where Node does not give its handles away", () => {
    const { binding } = process as unknown as { binding: unknown };
    for (const refused of [
      undefined,
      () => ({}),
      () => {
        throw new Error("ERR_ACCESS_DENIED");
      },
    ]) {
      Object.assign(process, { binding: refused });
      try {
        expect(findBinding(process.versions.node)).toBeUndefined();
      } finally {
        Object.assign(process, { binding });
      }
    }
  });
});
