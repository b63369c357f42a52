/** What a peer may send, and how long it may take: real sockets, and where time matters a clock that stands still. */
import { describe, expect, it } from "vitest";
import { method, stream, tidemark } from "../../src/server/index.js";
import { VirtualClock } from "../../src/testing/index.js";
import { BINARY, CLOSE, PING, PONG, TEXT, closing, frame, upgrade, type Raw } from "./support/raw.js";
import { deferred, quiet, serve } from "./support/serve.js";
import { nextTurn } from "./support/sockets.js";

const HELLO = frame(TEXT, '{"id":1,"connect":{}}');

/** How a connection ended, and after how many seconds. */
interface End {
  readonly after: number;
  readonly code: number;
  readonly reason: string;
}

/** Sends it at once, and gives the server the turns that it needs to read it. */
async function deliver(raw: Raw, bytes: Buffer): Promise<void> {
  raw.socket.setNoDelay(true);
  await new Promise((resolve) => raw.socket.write(bytes, resolve));
  for (let i = 0; i < 5; i++) await nextTurn();
}

/** Lets so many seconds pass, with `each` before each; tells whether the server has closed the connection meanwhile. */
async function endWithin(
  clock: VirtualClock,
  raw: Raw,
  seconds: number,
  each: (second: number) => Promise<void> = async () => {},
): Promise<End | undefined> {
  let end: End | undefined;
  let after = 0;
  raw.closeFrame().then(
    (close) => (end = { after, ...close }),
    () => {},
  );
  for (; after < seconds && end === undefined; after++) {
    await each(after);
    for (let i = 0; i < 5; i++) await nextTurn();
    await clock.advance(1000);
  }
  for (let i = 0; i < 5; i++) await nextTurn();
  return end;
}

/** Waits for what needs turns of the event loop, and no time on the clock. */
async function settled<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const mark = (): void => void (isDone = true);
  promise.then(mark, mark);
  while (!isDone) {
    await nextTurn();
    await clock.settle();
  }
  return promise;
}

/** A cut message: the beginning of one in a frame, in fragments, or of a frame that is no message. */
const cut: readonly (readonly [title: string, bytes: Buffer])[] = [
  ["a frame", frame(TEXT, "x".repeat(100)).subarray(0, 50)],
  ["a header", frame(BINARY, "x".repeat(1000)).subarray(0, 3)],
  ["a single byte", frame(TEXT, "x").subarray(0, 1)],
  [
    "a message in fragments",
    Buffer.concat([frame(TEXT, "{", { fin: false }), frame(PING), frame(0, "", { fin: false })]),
  ],
  ["a fragment", frame(TEXT, "x".repeat(100), { fin: false }).subarray(0, 50)],
  ["a ping", frame(PING, "abc").subarray(0, 7)],
];

describe.each(["/connect", "/echo"])("K35: on %s", (path) => {
  it.each(cut)("K35: %s that goes on no more is closed with 4001", async (_, bytes) => {
    const clock = new VirtualClock();
    const { port } = await serve(tidemark({ ...quiet, clock, limits: { ping: 600_000 } }));
    const raw = await upgrade(port, path);
    raw.write(HELLO);
    await settled(clock, raw.frame());
    raw.write(bytes);
    const end = await endWithin(clock, raw, 30);
    expect(end).toMatchObject({ code: 4001, reason: expect.stringContaining("not whole after 1") });
    expect(end?.after).toBeGreaterThanOrEqual(9);
    expect(end?.after).toBeLessThanOrEqual(15);
  });
});

describe("K35: a message that comes slowly", () => {
  it("K35: at a byte a second it is cut off, though each of them is a sign of life", async () => {
    const clock = new VirtualClock();
    const { port } = await serve(tidemark({ ...quiet, clock }));
    const raw = await upgrade(port);
    raw.write(HELLO);
    await settled(clock, raw.frame());
    const bytes = frame(TEXT, "x".repeat(100));
    const end = await endWithin(clock, raw, 40, (at) => deliver(raw, bytes.subarray(at, at + 1)));
    expect(end).toMatchObject({ code: 4001, reason: expect.stringContaining("not whole") });
  });

  it("K35, K12: at 2 KiB a second it is taken, however long it takes", async () => {
    const clock = new VirtualClock();
    const app = tidemark({ ...quiet, clock, limits: { ping: 15_000 } }).methods({
      size: method({ run: (input) => (input as string).length }),
    });
    const { port } = await serve(app);
    const raw = await upgrade(port);
    raw.write(HELLO);
    await settled(clock, raw.frame());
    const bytes = frame(TEXT, `{"id":2,"call":"size","data":"${"x".repeat(120_000)}"}`);
    for (let at = 0; at < bytes.length; at += 2048) {
      await deliver(raw, bytes.subarray(at, at + 2048));
      await clock.advance(1000);
    }
    const answer = await settled(clock, raw.frame());
    expect(answer.payload.toString()).toBe('{"id":2,"ok":120000}');
  });

  it("K35, K9: time in which the server does not read does not count", async () => {
    const clock = new VirtualClock();
    const gate = deferred();
    const app = tidemark({ ...quiet, clock, limits: { unanswered: 1 } }).methods({
      wait: method({ run: () => gate.promise }),
    });
    const { port } = await serve(app);
    const raw = await upgrade(port);
    raw.write(HELLO);
    await settled(clock, raw.frame());
    const last = frame(TEXT, '{"id":4,"call":"wait"}');
    raw.write(
      Buffer.concat([
        frame(TEXT, '{"id":2,"call":"wait"}'),
        frame(TEXT, '{"id":3,"call":"wait"}'),
        last.subarray(0, 9),
      ]),
    );
    for (let i = 0; i < 20; i++) await nextTurn();
    for (let i = 0; i < 60; i++) await clock.advance(1000);
    raw.write(last.subarray(9));
    gate.resolve();
    const answers: string[] = [];
    while (answers.length < 3)
      answers.push(...(await settled(clock, raw.frame())).payload.toString().split("\n"));
    expect(answers).toEqual(['{"id":2,"ok":null}', '{"id":3,"ok":null}', '{"id":4,"ok":null}']);
  });
});

describe("K36: frames that bring no command", () => {
  const sorts: readonly (readonly [title: string, bytes: Buffer])[] = [
    ["pings", frame(PING, "a")],
    ["pongs", frame(PONG)],
    ["empty texts", frame(TEXT)],
    ["blank texts", frame(TEXT, "\n \r\n\t\n")],
    ["blank bytes", frame(BINARY, "\n\n")],
    ["fragments", frame(0, "", { fin: false })],
  ];

  it.each(sorts)("K36: %s above limits.frames are closed with 4005", async (title, bytes) => {
    const limits = { frames: { perSecond: 1, burst: 20 } };
    const app = tidemark({ ...quiet, limits });
    const { port } = await serve(app);
    const raw = await upgrade(port);
    raw.write(HELLO);
    await raw.frame();
    if (title === "fragments") raw.write(frame(TEXT, "{", { fin: false }));
    raw.write(Buffer.concat([...Array.from({ length: 40 }, () => bytes), frame(PING, "the last")]));
    let next = await raw.frame();
    while (next.opcode === PONG && next.payload.toString() === "a") next = await raw.frame();
    expect([next.opcode, next.payload.subarray(2).toString()]).toEqual([
      CLOSE,
      "more than 1 frames a second that bring no command",
    ]);
    expect(next.payload.readUInt16BE(0)).toBe(4005);
    await raw.ended;
    expect(app.stats.refused.frames).toBe(1);
  });

  it("K36: below it they cost the connection nothing, and take nothing from its commands", async () => {
    const limits = { frames: { perSecond: 1, burst: 60 }, commands: { perSecond: 1, burst: 2 } };
    const { port } = await serve(tidemark({ ...quiet, limits }).methods({ hi: method({ run: () => 7 }) }));
    const raw = await upgrade(port);
    raw.write(HELLO);
    await raw.frame();
    raw.write(
      Buffer.concat(sorts.flatMap(([title, bytes]) => (title === "fragments" ? [] : Array(10).fill(bytes)))),
    );
    raw.write(frame(TEXT, '{"id":2,"call":"hi"}'));
    let next = await raw.frame();
    while (next.opcode === PONG) next = await raw.frame();
    expect(next.payload.toString()).toBe('{"id":2,"ok":7}');
  });

  it("K39: false is no limit, and what makes no sense is refused", async () => {
    const { port } = await serve(tidemark({ ...quiet, limits: { frames: false } }));
    const raw = await upgrade(port);
    raw.write(Buffer.concat(Array.from({ length: 5000 }, () => frame(PONG))));
    raw.write(frame(PING, "still here"));
    expect((await raw.frame()).payload.toString()).toBe("still here");
    expect(() => tidemark({ limits: { frames: { perSecond: 0, burst: 10 } } })).toThrow(/limits.frames/);
    expect(() => tidemark({ limits: { frames: { perSecond: 5, burst: 0 } } })).toThrow(/limits.frames/);
    expect(() => tidemark({ limits: { bytes: { perSecond: 100, burst: 10 } } })).toThrow(/limits.bytes/);
  });

  it("K38: what comes after the close is not looked at", async () => {
    const ran: unknown[] = [];
    const limits = { frames: { perSecond: 1, burst: 5 }, commands: { perSecond: 1, burst: 5 } };
    const app = tidemark({ ...quiet, limits }).methods({
      run: method({ run: (input) => void ran.push(input) }),
    });
    const { port } = await serve(app);
    const raw = await upgrade(port);
    raw.write(HELLO);
    await raw.frame();
    raw.write(Buffer.concat(Array.from({ length: 10 }, () => frame(PONG))));
    expect((await raw.closeFrame()).code).toBe(4005);
    // Not even this, which breaks the protocol, nor a goodbye: the server has said all that it says.
    raw.write(Buffer.concat([frame(TEXT, '{"id":2,"call":"run"}'), frame(3), frame(CLOSE, closing(1000))]));
    expect(await raw.ended).toBe("end");
    expect(raw.received).toEqual(Buffer.alloc(0));
    expect(ran).toEqual([]);
  });
});

describe("W35: lines in a frame", () => {
  it.each([
    ["text", (lines: string) => frame(TEXT, lines)],
    ["bytes", (lines: string) => frame(BINARY, lines)],
  ])(
    "W35: more than 4,096 in one frame of %s are closed with 1007, and nothing of it is carried out",
    async (_, make) => {
      let ran = 0;
      const app = tidemark({ ...quiet, limits: { commands: { perSecond: 10_000, burst: 10_000 } } }).methods({
        run: method({ run: () => ++ran }),
      });
      const { port } = await serve(app);
      const raw = await upgrade(port);
      raw.write(HELLO);
      await raw.frame();
      raw.write(make('{"call":"run","data":[ 1]}\n'.repeat(4096)));
      raw.write(frame(TEXT, '{"id":2,"call":"run"}'));
      expect((await raw.frame()).payload.toString()).toBe('{"id":2,"ok":4097}');
      raw.write(make("{}\n".repeat(4097)));
      expect(await raw.closeFrame()).toEqual({
        code: 1007,
        reason: "more than 4096 lines with something in them",
      });
      expect(ran).toBe(4097);
    },
  );
});

describe("K37: bytes a second", () => {
  it("K37: who sends more is read more slowly, and nothing is lost by that", async () => {
    const clock = new VirtualClock();
    const bytes = { perSecond: 64 * 1024, burst: 128 * 1024 };
    const app = tidemark({ ...quiet, clock, limits: { bytes, ping: 4000 } }).methods({
      size: method({ run: (input) => (input as string).length }),
    });
    const { port } = await serve(app);
    const raw = await upgrade(port);
    raw.write(HELLO);
    await settled(clock, raw.frame());
    const call = (id: number): Buffer =>
      frame(TEXT, `{"id":${id},"call":"size","data":"${"x".repeat(60_000)}"}`);
    raw.write(Buffer.concat(Array.from({ length: 20 }, (_, i) => call(i + 2))));
    const answers: string[] = [];
    const collect = async (): Promise<void> => {
      for (;;) {
        const { opcode, payload } = await raw.frame();
        if (opcode === TEXT) answers.push(...payload.toString().split("\n"));
      }
    };
    collect().catch(() => {});
    for (let i = 0; i < 200; i++) {
      await nextTurn();
      await clock.settle();
    }
    // The burst, and what was read before it was found to be used up.
    expect(answers.length).toBeLessThanOrEqual(5);
    let seconds = 0;
    for (; seconds < 60 && answers.length < 20; seconds++) {
      await clock.advance(1000);
      for (let i = 0; i < 20; i++) await nextTurn();
    }
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `{"id":${i + 2},"ok":60000}`));
    expect(seconds).toBeGreaterThanOrEqual(12);
    expect(app.stats.refused.bytes).toBeGreaterThan(0);
  });

  it("K37: false is no limit", async () => {
    const app = tidemark({ ...quiet, clock: new VirtualClock(), limits: { bytes: false } });
    const { port } = await serve(app.channels({ "a/:id": stream() }));
    const raw = await upgrade(port, "/echo");
    for (let i = 0; i < 8; i++) raw.write(frame(BINARY, Buffer.alloc(1_000_000)));
    raw.write(frame(TEXT, "the last"));
    let next = await raw.frame();
    while (next.opcode === BINARY) next = await raw.frame();
    expect(next.payload.toString()).toBe("the last");
  });
});

describe("A16: the echo", () => {
  it("A16: a peer that does not answer pings is closed with 4001, one that does may stay", async () => {
    const clock = new VirtualClock();
    const { port } = await serve(tidemark({ ...quiet, clock, limits: { ping: 10_000 } }));
    const [dead, alive] = [await upgrade(port, "/echo"), await upgrade(port, "/echo")];
    for (const raw of [dead, alive]) raw.write(frame(TEXT, "hello"));
    await dead.frame();
    await alive.frame();
    alive.socket.on("data", (bytes) => {
      for (const byte of bytes) if (byte === 0x80 + PING) alive.write(frame(PONG));
    });
    expect(await endWithin(clock, dead, 45)).toMatchObject({
      code: 4001,
      reason: expect.stringContaining("ping"),
    });
    alive.write(frame(TEXT, "still here"));
    expect((await alive.frame()).payload.toString()).toBe("still here");
  });

  it("A16: messages that are not whole hold 16 MiB in all; one above is closed with 4006, and room comes back", async () => {
    const { port } = await serve(tidemark(quiet));
    const part = frame(BINARY, Buffer.alloc(990_000), { fin: false });
    const peers: Raw[] = [];
    const ends: number[] = [];
    for (let i = 0; i < 20; i++) {
      const raw = await upgrade(port, "/echo");
      peers.push(raw);
      raw.write(part);
      raw.write(frame(PING, "held"));
      const { opcode, payload } = await raw.frame();
      ends.push(opcode === CLOSE ? payload.readUInt16BE(0) : 0);
    }
    expect(ends.filter((code) => code === 0).length).toBeGreaterThanOrEqual(14);
    expect(ends.at(-1)).toBe(4006);
    for (const [i, raw] of peers.entries()) {
      if (ends[i] !== 0) continue;
      raw.write(frame(0, "the end"));
      const whole = await raw.frame();
      expect(whole.payload.length).toBe(990_007);
    }
    const late = await upgrade(port, "/echo");
    late.write(part);
    late.write(frame(PING, "held"));
    expect((await late.frame()).opcode).toBe(PONG);
  });
});
