/** What a server takes, said to its clients. In virtual time. */
import { expect, it } from "vitest";
import { stream, tidemark, type ConnectionLimits } from "../../src/server/index.js";
import { World } from "./support/engine.js";

const channels = { "log/:id": stream({ retain: { count: 10 } }) };

it("W21: the answer to connect says how large payloads, frames and answers may be", async () => {
  const peer = new World(channels, { limits: { message: 1000, frame: 70_000 } }).dial();
  expect(await peer.ask({ connect: {} })).toMatchObject({
    limits: { message: 1000, frame: 70_000, answer: 130_784 },
  });
});

it("W21, K17: a frame of 64 KiB is taken by every server, and one that could not is not made", () => {
  expect(() => tidemark({ limits: { message: 4096, frame: 8192 } })).toThrow(
    /limits.frame \(8192\) must be at least 65536/,
  );
  expect(() => tidemark({ limits: { message: 4096, frame: 65_535 } })).toThrow(TypeError);
  expect(() => tidemark({ limits: { message: 4096, frame: 65_536 } })).not.toThrow();
});

it("K17: limits.binary is not below limits.message, above 16 MiB, or above what may come at once", () => {
  const make = (limits: Partial<ConnectionLimits>) => () => tidemark({ limits });
  expect(make({ binary: 65_535 })).toThrow(
    "limits.binary (65535) must be at least limits.message (65536) and at most 16777216",
  );
  expect(make({ binary: 16 * 1024 * 1024 + 1, bytes: false })).toThrow(/limits.binary \(16777217\)/);
  expect(make({ binary: Number.NaN })).toThrow(/limits.binary \(NaN\)/);
  expect(make({ binary: 4 * 1024 * 1024 })).toThrow(
    "limits.bytes.burst (4194304) must be at least limits.binary and limits.frame together (4325376): a message has to come at once",
  );
  for (const limits of [
    { binary: 2 * 1024 * 1024 },
    { binary: 16 * 1024 * 1024, bytes: false },
    { binary: 4 * 1024 * 1024, bytes: { perSecond: 1024 * 1024, burst: 4_325_376 } },
  ] as const)
    expect(make(limits)).not.toThrow();
  // Where it is as much as other messages may have, nothing comes in parts.
  expect(make({ bytes: { perSecond: 16_384, burst: 1 } })).not.toThrow();
});
