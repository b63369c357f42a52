/** Each publisher has a share of what a channel remembers of keys. In virtual time. */
import { describe, expect, it, onTestFinished } from "vitest";
import { createMemoryHub, memoryBroker } from "../../src/broker/index.js";
import { stream, tidemark } from "../../src/server/index.js";
import { seededRandom } from "../../src/testing/index.js";
import { ask, body } from "../transports/support/http.js";
import { World, type Peer } from "./support/engine.js";
import { quiet } from "./support/serve.js";

const channels = { "log/:id": stream({ dedupe: "1m", retain: { count: 10 } }) };

/** A server whose broker remembers 1,000 texts of a channel, of which one publisher may have 100. */
function worldOf(hooks = {}): World {
  return new World(channels, {
    limits: { commands: false, keys: 100 },
    hooks,
    broker: (_broker, clock) => createMemoryHub({ clock, random: seededRandom(1), maxKeys: 1000 }).broker(),
  });
}

async function flood(peer: Peer, count: number, name = "k"): Promise<Record<string, unknown>[]> {
  const answers = [];
  for (let n = 0; n < count; n++)
    answers.push(await peer.ask({ publish: "log/a", data: n, idem: `${name}${n}`, first: true }));
  return answers;
}

const good = (answers: Record<string, unknown>[]): number => answers.filter((one) => "offset" in one).length;

describe("keys that are texts", () => {
  it("K55: who floods a channel with them is refused, and nobody else", async () => {
    const world = worldOf({ authenticate: ({ token }: { token: string }) => ({ id: token }) });
    const mallory = await world.connect({ token: "mallory" });
    const answers = await flood(mallory, 1200);
    const ann = await world.connect({ token: "ann" });
    expect(await ann.ask({ publish: "log/a", data: 1, idem: "mine" })).toHaveProperty("offset");
    expect(good(answers)).toBe(100);
    expect(answers.at(-1)).toMatchObject({ error: { code: "rate_limited", retry: true, after: 120_000 } });
    expect(world.engine.node.refused.keys).toBe(1100);
  });

  it("K55: one address without users has one share over all connections; new secrets make no new one", async () => {
    const world = worldOf();
    const counts = [];
    for (let n = 0; n < 4; n++)
      counts.push(good(await flood(await world.connect({ publisher: `${n}`.repeat(20) }), 40, `${n}-`)));
    expect(counts).toEqual([40, 40, 20, 0]);
  });

  it("K55, P3: a retry is answered although the share is used up", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const answers = await flood(peer, 101);
    expect(await peer.ask({ publish: "log/a", data: 7, idem: "k7", first: true })).toEqual(answers[7]);
    expect(await peer.ask({ publish: "log/a", data: 8, idem: "k7", first: true })).toMatchObject({
      error: { code: "key_conflict" },
    });
  });

  it("K55: room comes back as keys are forgotten, another channel's is its own, and numbers over a WebSocket need none", async () => {
    const world = worldOf();
    const peer = await world.connect();
    expect(good(await flood(peer, 101))).toBe(100);
    expect(await peer.ask({ publish: "log/b", data: 1, idem: "k" })).toHaveProperty("offset");
    for (let idem = 1; idem < 200; idem++)
      expect(await peer.ask({ publish: "log/a", data: 1, idem, first: true })).toHaveProperty("offset");
    await world.clock.advance(120_000);
    expect(good(await flood(peer, 101, "later"))).toBe(100);
  });

  it("K16, K55: nothing is remembered of them when they are forgotten", async () => {
    const world = worldOf();
    const peer = await world.connect();
    await flood(peer, 50);
    expect(world.engine.node.keyShares.size).toBe(50);
    peer.connection.transportClosed("1006", false);
    await world.clock.advance(180_000);
    expect(world.engine.node.keyShares.size).toBe(0);
  });
});

describe("keys of requests without a publisher secret", () => {
  const serve = async (): Promise<(...lines: object[]) => Promise<Record<string, unknown>[]>> => {
    const app = tidemark({ ...quiet, broker: memoryBroker({ maxKeys: 20 }) }).channels(channels);
    const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => app.close());
    return async (...lines) =>
      (await ask(`http://127.0.0.1:${port}/connect/send`, { body: body({ connect: {} }, ...lines) })).lines;
  };

  it("H43: take none of the channel's memory, since nobody can repeat them", async () => {
    const send = await serve();
    for (let batch = 0; batch < 6; batch++) {
      const texts = Array.from({ length: 10 }, (_, id) => ({
        id,
        publish: "log/a",
        data: id,
        idem: `${batch}-${id}`,
      }));
      expect((await send(...texts)).filter((line) => "ok" in line)).toHaveLength(10);
    }
  });

  it("H43, P3, P4: are known within the request all the same", async () => {
    const send = await serve();
    const lines = await send(
      { id: 1, publish: "log/a", data: 1, idem: "k" },
      { id: 2, publish: "log/a", data: 1, idem: 1 },
      { id: 3, publish: "log/a", data: 1, idem: "k" },
      { id: 4, publish: "log/a", data: 2, idem: "k" },
      { id: 5, publish: "log/a", data: 1, idem: 1 },
    );
    const [first, second, third, fourth, fifth] = lines as {
      ok?: { offset: number };
      error?: { code: string };
    }[];
    expect(third?.ok).toEqual(first?.ok);
    expect(fifth?.ok).toEqual(second?.ok);
    expect(second?.ok?.offset).toBeGreaterThan(first?.ok?.offset ?? Infinity);
    expect(fourth?.error?.code).toBe("key_conflict");
  });
});
