/** What a server takes, said to its clients. In virtual time. */
import { expect, it } from "vitest";
import { stream, tidemark } from "../../src/server/index.js";
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
