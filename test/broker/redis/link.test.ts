/** How commands get to Redis, without one. */
import { Writable } from "node:stream";
import type { Redis } from "ioredis";
import { expect, test } from "vitest";
import { EpochNames } from "../../../src/broker/redis/epoch-names.js";
import { RedisLink } from "../../../src/broker/redis/link.js";
import type { Topology } from "../../../src/broker/redis/topology.js";
import { realClock, realRandom } from "../../../src/protocol/index.js";

/** A connection whose commands are the texts that it writes, and what each write brought. */
function connection() {
  const writes: string[][] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      writes.push([text]);
      done();
    },
    writev(texts, done) {
      writes.push(texts.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  const redis = {
    stream,
    callBuffer: (name: string) => {
      stream.write(name);
      return Promise.resolve(null);
    },
  } as unknown as Redis;
  return { redis, writes };
}

/** Two servers: one for keys that begin with "a", one for all others. */
function setUp() {
  const [first, second] = [connection(), connection()];
  const of = (key: string): Redis => (key.startsWith("a") ? first : second).redis;
  const topology = {
    ready: of,
    connectionFor: of,
    groupOf: (key: string) => (key.startsWith("a") ? 0 : 1),
    onReady: () => {},
  } as unknown as Topology;
  return { link: new RedisLink(topology, { clock: realClock, timeout: 1000 }), first, second };
}

test("the commands of a turn go to their server in one write", async () => {
  const { link, first, second } = setUp();
  const commands = ["one", "two", "three"].map((name) => link.command("a", name));
  commands.push(link.command("b", "four"));
  expect([first.writes, second.writes]).toEqual([[], []]);
  await Promise.all(commands);
  await new Promise((resolve) => setImmediate(resolve));
  expect([first.writes, second.writes]).toEqual([[["one", "two", "three"]], [["four"]]]);

  await link.command("a", "five");
  await new Promise((resolve) => setImmediate(resolve));
  expect(first.writes).toEqual([["one", "two", "three"], ["five"]]);
});

test("names of epochs are eight letters, and none comes twice", () => {
  const names = new EpochNames(realRandom);
  const seen = new Set(Array.from({ length: 20_000 }, () => names.next()));
  expect(seen.size).toBe(20_000);
  expect([...seen].filter((name) => !/^[\w-]{8}$/.test(name))).toEqual([]);
});
