/** The load generator, against a server of its own process: it must count what is there, or all figures are wrong. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { stream, tidemark, silentLogger, method } from "tidemark";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ClosedLoop,
  gather,
  LEAST_PAYLOAD,
  micros,
  payloadAt,
  sentAt,
  settled,
  tidemark as dialect,
  Traffic,
  WireSocket,
  type Member,
} from "tidemark/load";
import { Requests } from "../../bench/generator/jobs/requests.js";
import { Storm } from "../../bench/generator/jobs/storm.js";

const app = tidemark({ log: silentLogger, limits: { commands: false, connects: false } })
  .channels({ "bench/:name": stream({ retain: { count: 1000 } }) })
  .methods({ echo: method({ run: (input) => input }) });
let target: { port: number; dialect: typeof dialect };

beforeAll(async () => {
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  target = { port, dialect };
});

afterAll(() => app.close());

test("a payload has the size asked for and says when it was sent", () => {
  const text = payloadAt(1234567, 100);
  expect(text).toHaveLength(100);
  expect(JSON.parse(text)).toMatchObject({ t: "0000000001234567" });
  expect(sentAt(Buffer.from(`[7,${text}`), 3)).toBe(1234567);
  expect(payloadAt(0, LEAST_PAYLOAD)).toHaveLength(LEAST_PAYLOAD);
});

test("members count every message once, however many there are in a frame and what is between them", async () => {
  const seen: number[] = [];
  const events = {
    messages: (member: Member, count: number, bytes: Uint8Array, start: number, end: number) => {
      const lines = Buffer.from(bytes.subarray(start, end)).toString().split("\n");
      expect(lines).toHaveLength(count);
      for (const line of lines) seen.push((JSON.parse(line) as [number, number, number])[2]);
      member.count += count;
    },
    lost: () => {},
  };
  const [member] = await gather({
    ...target,
    name: `count-${micros()}`,
    channels: [["bench/count"]],
    events,
  });
  if (member === undefined) throw new Error("did not join");
  // Lines of different lengths, and answers in the same frames: it publishes by itself.
  const frames = Array.from({ length: 500 }, (_, i) => member.publishFrame("bench/count", String(i * i)));
  member.wire.send(Buffer.concat(frames));
  await settled(() => member.count, 500);
  expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i * i));
  member.wire.destroy();
});

test("frames are found wherever the stream is cut", async () => {
  const texts = ["a", "b".repeat(125), "c".repeat(126), "d".repeat(3000), "e".repeat(70_000), ""];
  const header = (size: number): Buffer => {
    if (size < 126) return Buffer.from([0x81, size]);
    if (size < 65_536) return Buffer.from([0x81, 126, size >> 8, size & 255]);
    const long = Buffer.alloc(10);
    long.writeUInt16BE(0x817f);
    long.writeBigUInt64BE(BigInt(size), 2);
    return long;
  };
  const wire = Buffer.concat(texts.flatMap((text) => [header(text.length), Buffer.from(text)]));
  for (const step of [1, 2, 3, 5, 127, 4096]) {
    const got: string[] = [];
    const server = createServer((socket) => void drip(socket, wire, step));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const ended = new Promise<void>((resolve) => {
      const events = {
        frame: (bytes: Uint8Array, start: number, end: number) =>
          void got.push(Buffer.from(bytes.subarray(start, end)).toString()),
        closed: () => resolve(),
      };
      void WireSocket.open({ port, path: "/", events });
    });
    await ended;
    server.close();
    expect(got).toEqual(texts);
  }
});

async function drip(socket: Socket, bytes: Buffer, step: number): Promise<void> {
  socket.setNoDelay(true);
  socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  // The short frames byte by byte, the long ones faster.
  for (let at = 0; at < bytes.length;) {
    const size = at < 400 ? Math.min(step, 7) : 20_000 + step;
    socket.write(bytes.subarray(at, at + size));
    at += size;
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
}

test("a closed loop delivers each message to each subscriber, and stops", async () => {
  const spec = {
    job: "closed loop",
    channel: "bench/closed",
    subscribers: 7,
    inFlight: 5,
    payload: 64,
  } as const;
  const loop = await ClosedLoop.prepare(target, spec);
  loop.run();
  while (loop.reading().deliveries < 500) await new Promise((resolve) => setImmediate(resolve));
  await loop.stop();
  const { deliveries, lost } = loop.reading();
  loop.leave();
  expect(deliveries % 7).toBe(0);
  expect(lost).toBe(0);
});

test("an open loop keeps its rate, and times every delivery", async () => {
  const members = Array.from({ length: 6 }, (_, i) => [`bench/open-${i % 2}`]);
  const spec = { job: "traffic", members, speakers: "members", rate: 500, payload: 64 } as const;
  const traffic = await Traffic.prepare(target, spec);
  const began = performance.now();
  traffic.run();
  while (traffic.reading().deliveries < 600) await new Promise((resolve) => setTimeout(resolve, 5));
  await traffic.stop();
  const seconds = (performance.now() - began) / 1000;
  const { deliveries, latencies } = traffic.reading();
  traffic.leave();
  // Each of the 500 messages a second goes to three members.
  expect(deliveries % 3).toBe(0);
  expect(deliveries).toBeLessThanOrEqual(seconds * 1500 + 3);
  expect(latencies.reduce((sum, [, count]) => sum + count, 0)).toBe(deliveries);
});

test("requests are answered, one for one", async () => {
  const job = await Requests.prepare(target, { job: "requests", members: 3, inFlight: 4, payload: 64 });
  job.run();
  while (job.reading().answers < 100) await new Promise((resolve) => setImmediate(resolve));
  await job.stop();
  const { answers } = job.reading();
  job.leave();
  expect(answers).toBeGreaterThanOrEqual(100);
});

test("after a storm everybody has got what they missed", async () => {
  const spec = { job: "storm", members: 20, channel: "bench/storm", missed: 30, payload: 64 } as const;
  const storm = await Storm.prepare(target, spec);
  storm.run();
  await storm.stop();
  const { deliveries, connections } = storm.reading();
  storm.leave();
  expect([deliveries, connections]).toEqual([600, 20]);
});
