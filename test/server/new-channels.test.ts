/** What made-up names of channels may cost. In virtual time. */
import { describe, expect, it, onTestFinished } from "vitest";
import { stream, tidemark, transient } from "../../src/server/index.js";
import { ask, body } from "../transports/support/http.js";
import { World, type Peer } from "./support/engine.js";
import { quiet } from "./support/serve.js";

const channels = {
  "log/:id": stream({ retain: { count: 10 } }),
  "room/:id": stream({ presence: true }),
  "closed/:id": stream({ allow: () => false }),
  "live/:id": transient(),
};
const limits = { commands: false as const, channels: { perSecond: 10, burst: 4 } };
const refusal = { error: { code: "rate_limited", retry: true, after: 100 } };

/** Uses so many new ones; says how many were not refused. */
async function use(peer: Peer, count: number, name: string): Promise<number> {
  let good = 0;
  for (let n = 0; n < count; n++) if (!("error" in (await peer.ask({ history: `log/${name}${n}` })))) good++;
  return good;
}

describe("channels that are new to the server", () => {
  it("K53: burst at once, perSecond in the long run, whatever they are used for; what is over says when there is room", async () => {
    const world = new World(channels, { limits });
    const peer = await world.connect();
    const commands = [
      { subscribe: "log/a" },
      { history: "log/b" },
      { members: "room/c" },
      { publish: "log/d", data: 1 },
    ];
    for (const command of commands) expect(await peer.ask(command)).not.toHaveProperty("error");
    const more = [
      { subscribe: "log/e" },
      { history: "log/e" },
      { members: "room/e" },
      { publish: "log/e", data: 1 },
    ];
    for (const command of more) expect(await peer.ask(command)).toMatchObject(refusal);
    expect(world.engine.node.refused.channels).toBe(4);
    await world.clock.advance(100);
    expect(await peer.ask({ subscribe: "log/e" })).toMatchObject({ kind: "stream" });
    expect(await peer.ask({ subscribe: "log/f" })).toMatchObject(refusal);
  });

  it("K53: in a connect command, each channel above it is refused by itself", async () => {
    const world = new World(channels, { limits });
    const subs = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`log/${n}`, {}]));
    const answer = (await world.dial().ask({ connect: { subs } }))["subs"] as Record<string, object>;
    expect(Object.values(answer).filter((one) => "ch" in one)).toHaveLength(4);
    expect(Object.values(answer).filter((one) => "error" in one)).toMatchObject([refusal, refusal]);
  });

  it("K53: one that is open, was used in the last 5 minutes, may not be used, or is transient costs nothing", async () => {
    const world = new World(channels, { limits });
    const other = await world.connect({ subs: { "log/open": {} } });
    const peer = await world.connect({ subs: { "log/0": {}, "log/1": {}, "log/2": {}, "log/3": {} } });
    for (let n = 0; n < 20; n++) {
      expect(await peer.ask({ history: "log/open" })).not.toHaveProperty("error");
      expect(await peer.ask({ publish: "log/open", data: n })).not.toHaveProperty("error");
      expect(await peer.ask({ history: `closed/${n}` })).toMatchObject({ error: { code: "forbidden" } });
      expect(await peer.ask({ publish: `live/${n}`, data: 1 })).toMatchObject({ offset: 0 });
    }
    peer.connection.transportClosed("1006", false);
    other.connection.transportClosed("1006", false);
    await world.clock.advance(240_000);
    expect([...world.engine.node.hub]).toEqual([]);
    const again = await world.connect();
    expect(await use(again, 4, "other")).toBe(4);
    for (let n = 0; n < 4; n++)
      expect(await again.ask({ subscribe: `log/${n}` })).toMatchObject({ kind: "stream" });
  });

  it("K53: a user has one rate over all connections, and another user has another", async () => {
    const world = new World(channels, { limits, hooks: { authenticate: ({ token }) => ({ id: token }) } });
    const [ann, annToo] = [await world.connect({ token: "ann" }), await world.connect({ token: "ann" })];
    expect([await use(ann, 3, "a"), await use(annToo, 3, "b")]).toEqual([3, 1]);
    expect(await use(await world.connect({ token: "bob" }), 3, "c")).toBe(3);
  });

  it("K53: one address has ten times as much, however many connections it makes", async () => {
    const world = new World(channels, { limits });
    const used: number[] = [];
    for (let n = 0; n < 12; n++) used.push(await use(await world.connect(), 6, `${n}-`));
    expect(used).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0]);
  });

  it("K53: so it is for requests over HTTP, which come without a publisher secret", async () => {
    const app = tidemark({ ...quiet, limits: { channels: { perSecond: 0.0001, burst: 2 } } }).channels(
      channels,
    );
    const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => app.close());
    const send = async (batch: number): Promise<number> => {
      const publishes = Array.from({ length: 10 }, (_, id) => ({
        id,
        publish: `log/${batch}-${id}`,
        data: 1,
      }));
      const answer = await ask(`http://127.0.0.1:${port}/connect/send`, {
        body: body({ connect: {} }, ...publishes),
      });
      return answer.lines.filter((line) => "ok" in line).length;
    };
    expect([await send(1), await send(2), await send(3), await send(4)]).toEqual([10, 10, 0, 0]);
    expect(app.stats.refused.channels).toBe(20);
  });

  it("K53: what the application does is not counted", async () => {
    const app = tidemark({ ...quiet, limits: { channels: { perSecond: 1, burst: 1 } } }).channels(channels);
    onTestFinished(() => app.close());
    for (let n = 0; n < 100; n++) await app.publishTo(`log/${n}`, n);
    expect(app.stats.refused.channels).toBe(0);
  });

  it("A17: a rate that is none throws", () => {
    expect(() => tidemark({ limits: { channels: { perSecond: 0, burst: 10 } } })).toThrow(/limits.channels/);
    expect(() => tidemark({ limits: { commands: { perSecond: 1, burst: 0 } } })).toThrow(/limits.commands/);
    expect(() => tidemark({ limits: { keys: 0 } })).toThrow(/limits.keys/);
  });
});

describe("a thousand channels in one command", () => {
  it("K56: are opened a few in a turn of the event loop, and all of them", async () => {
    let opened = 0;
    const world = new World(channels, {
      limits: { channels: false, subscriptions: 2000 },
      broker: (broker) => {
        const follow = broker.follow.bind(broker);
        broker.follow = (...args) => {
          opened++;
          return follow(...args);
        };
        return broker;
      },
    });
    const peer = world.dial();
    const subs = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`log/${n}`, {}]));
    peer.send({ id: 1, connect: { subs } });
    // All that is done without giving others a turn.
    for (let n = 0; n < 1000; n++) await Promise.resolve();
    expect(opened).toBeLessThanOrEqual(25);
    await world.clock.settle();
    expect(opened).toBe(200);
    expect(Object.keys(peer.answer(1)["subs"] as object)).toHaveLength(200);
  });

  it("K56: whose client leaves meanwhile are opened no further, and leave nothing", async () => {
    const world = new World(channels, { limits: { channels: false } });
    const peer = world.dial();
    const subs = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`room/${n}`, {}]));
    peer.send({ id: 1, connect: { subs } });
    for (let n = 0; n < 1000; n++) await Promise.resolve();
    peer.connection.transportClosed("1006", false);
    await world.clock.advance(60_000);
    expect([...world.engine.node.hub]).toEqual([]);
    expect([world.engine.connections.size, peer.connection.sessions.size]).toEqual([0, 0]);
  });
});
