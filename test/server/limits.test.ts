/** What one connection may do, and how long it may be silent. In virtual time. */
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { stream, tidemark } from "../../src/server/index.js";
import { WebSocketLink } from "../../src/server/transports/websocket/link.js";
import { textFrame } from "../../src/testing/text-frame.js";
import { World, type Peer } from "./support/engine.js";
import { TEXT, frame } from "./support/raw.js";
import { deferred } from "./support/serve.js";

const channels = { "log/:id": stream({ retain: { count: 1000 } }) };
const errors = (peer: Peer): { code: string; after?: number; retry: boolean }[] =>
  peer.lines.flatMap((line) =>
    "error" in line ? [line.error as { code: string; after?: number; retry: boolean }] : [],
  );

describe("the rate of commands", () => {
  it("K7: burst at once, perSecond in the long run; what is over is refused and says when there is room", async () => {
    const world = new World(channels, {
      limits: { commands: { perSecond: 10, burst: 20 } },
      methods: { id: (n) => n },
    });
    const peer = await world.connect();
    peer.send(...Array.from({ length: 30 }, (_, id) => ({ id, call: "id", data: id })));
    await world.clock.settle();
    expect(peer.lines.filter((line) => "ok" in line)).toHaveLength(19);
    expect(errors(peer)).toHaveLength(11);
    expect(errors(peer)[0]).toMatchObject({ code: "rate_limited", retry: true, after: 100 });
    await world.clock.advance(100);
    peer.lines.length = 0;
    peer.send({ id: 1, call: "id" }, { id: 2, call: "id" });
    await world.clock.settle();
    expect(peer.answer(2)).toMatchObject({ error: { code: "rate_limited", after: 100 } });
  });

  it("K7: everything counts: pings, and commands that are wrong", async () => {
    const world = new World(channels, { limits: { commands: { perSecond: 10, burst: 4 } } });
    const peer = await world.connect();
    peer.send("{}", { id: 1, nonsense: 1 }, { id: 2, subscribe: 7 }, { id: 3, subscribe: "log/a" }, "{}");
    await world.clock.settle();
    expect(errors(peer).map(({ code }) => code)).toEqual([
      "unknown_command",
      "bad_request",
      "rate_limited",
      "rate_limited",
    ]);
  });

  it("K7, K8: an unsubscribe is carried out above the rate too, and counts as one that was refused", async () => {
    const world = new World(channels, { limits: { commands: { perSecond: 10, burst: 2 } } });
    const peer = await world.connect({ subs: { "log/a": {} } });
    peer.send({ id: 1, call: "none" }, { id: 2, call: "none" }, { id: 3, unsubscribe: "log/a" });
    await world.clock.settle();
    expect(peer.answer(2)).toMatchObject({ error: { code: "rate_limited" } });
    expect(peer.lines).toContainEqual({ id: 3, ok: {} });
    expect(peer.closed).toEqual([]);
    peer.send({ id: 4, unsubscribe: "log/a" });
    expect(peer.closed).toMatchObject([{ code: 4005 }]);
  });

  it("K8: going on after `burst` refusals in a row is closed with 4005", async () => {
    const world = new World(channels, { limits: { commands: { perSecond: 10, burst: 20 } } });
    const peer = await world.connect();
    peer.send(...Array.from({ length: 19 + 20 }, (_, id) => ({ id, call: "none" })));
    await world.clock.settle();
    expect(peer.closed).toEqual([]);
    peer.send({ id: 99, call: "none" });
    expect(peer.closed).toEqual([
      { name: "rate_limited", code: 4005, reason: expect.stringContaining("10 commands a second") },
    ]);
    expect(world.engine.connections.size).toBe(0);
  });

  it("K7: false is no limit", async () => {
    const world = new World(channels, { limits: { commands: false }, methods: { id: (n) => n } });
    const peer = await world.connect();
    peer.send(...Array.from({ length: 10_000 }, (_, id) => ({ id, call: "id" })));
    await world.clock.settle();
    expect(peer.lines).toHaveLength(10_000);
  });
});

describe("unanswered commands", () => {
  it("K9: at the limit the peer is not read from, and nothing is lost by that", async () => {
    const waiting: (() => void)[] = [];
    const world = new World(channels, {
      limits: { commands: false, unanswered: 4 },
      methods: { wait: () => new Promise<void>((resolve) => waiting.push(resolve)) },
    });
    const peer = await world.connect();
    peer.send(...[0, 1, 2, 3, 4, 5, 6].map((id) => ({ id, call: "wait" })));
    await world.clock.settle();
    expect([waiting.length, peer.paused]).toEqual([4, true]);
    // What the transport had read already.
    peer.send({ id: 7, call: "wait" });
    waiting.shift()?.();
    await world.clock.settle();
    expect([waiting.length, peer.paused]).toEqual([4, true]);
    while (waiting.length > 0) {
      waiting.shift()?.();
      await world.clock.settle();
    }
    expect(peer.paused).toBe(false);
    expect(peer.lines.map((line) => ("id" in line ? line.id : -1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("K9: half a MiB of payloads on their way to the broker is enough", async () => {
    const append = deferred();
    const world = new World(channels, {
      limits: { commands: false },
      broker: (broker) => {
        const atOnce = broker.append.bind(broker);
        broker.append = async (...args) => {
          await append.promise;
          return atOnce(...args);
        };
        return broker;
      },
    });
    const peer = await world.connect();
    for (let id = 1; id <= 20; id++) peer.send({ id, publish: "log/a", data: "x".repeat(60_000), idem: id });
    await world.clock.settle();
    expect(peer.paused).toBe(true);
    append.resolve();
    await world.clock.advance(10);
    expect(peer.paused).toBe(false);
    expect(peer.lines.map((line) => ("id" in line && "ok" in line ? line.id : -1))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  it("K9: a single payload of more than that is carried out, and so is what waits behind it", async () => {
    const world = new World(channels, { limits: { commands: false, message: 2 ** 20 } });
    const peer = await world.connect();
    const data = "x".repeat(600_000);
    peer.send(
      { id: 1, publish: "log/a", data },
      { id: 2, publish: "log/a", data },
      { id: 3, publish: "log/a", data: 3 },
    );
    expect(peer.paused).toBe(true);
    await world.clock.settle();
    expect(peer.lines.map((line) => ("id" in line ? line.id : undefined))).toEqual([1, 2, 3]);
    expect(peer.paused).toBe(false);
  });

  it("K9, K12: a peer that is not listened to is not called silent", async () => {
    const done = deferred();
    const world = new World(channels, {
      limits: { commands: false, unanswered: 2 },
      methods: { wait: () => done.promise },
    });
    const peer = await world.connect();
    peer.send({ id: 1, call: "wait" }, { id: 2, call: "wait" }, { id: 3, call: "wait" });
    await world.clock.advance(120_000);
    expect(peer.paused).toBe(true);
    expect(peer.closed).toEqual([]);
    done.resolve();
    await world.clock.advance(1);
    expect(peer.paused).toBe(false);
    await world.clock.advance(120_000);
    expect(peer.closed).toEqual([]);
  });

  it("K9: while its answers do not drain, a peer is not read from; and then it is silent", async () => {
    const world = new World(channels, {
      limits: { commands: false },
      methods: { large: () => "x".repeat(900) },
    });
    const peer = await world.connect();
    peer.stuck = true;
    for (let i = 0; i < 50 && !peer.paused; i++) {
      peer.send(...Array.from({ length: 10 }, (_, id) => ({ id, call: "large" })));
      await world.clock.settle();
    }
    expect(peer.paused).toBe(true);
    expect(peer.unsent).toBeLessThanOrEqual(128 * 1024);
    await world.clock.advance(60_000);
    expect(peer.closed).toEqual([]);
    await world.clock.advance(120_000);
    expect(peer.closed).toMatchObject([{ code: 4001 }]);
  });

  it("K12: a peer that reads slowly is not called silent, as long as it gets on", async () => {
    const world = new World(channels, {
      limits: { commands: false },
      methods: { large: () => "x".repeat(900) },
    });
    const peer = await world.connect();
    peer.answersPings = false;
    peer.stuck = true;
    for (let minute = 0; minute < 10; minute++) {
      peer.send({ id: minute, call: "large" });
      await world.clock.advance(60_000);
      peer.drain();
    }
    expect(peer.closed).toEqual([]);
  });

  it("K10: a peer whose answer does not fit is closed with 4002", async () => {
    const done = deferred();
    const world = new World(channels, { methods: { wait: () => done.promise } });
    const peer = await world.connect();
    peer.send({ id: 1, call: "wait" });
    peer.unsent = 128 * 1024;
    done.resolve();
    await world.clock.settle();
    expect(peer.closed).toMatchObject([{ code: 4002, reason: "replies are not being read" }]);
  });

  it("K15: a connection that is closed while it is not read from is read from again", async () => {
    const world = new World(channels, {
      limits: { commands: false, unanswered: 1 },
      methods: { wait: () => new Promise(() => {}) },
    });
    const peer = await world.connect();
    peer.send({ id: 1, call: "wait" }, { id: 2, call: "wait" });
    expect(peer.paused).toBe(true);
    world.engine.close("bye");
    expect([peer.paused, peer.closed[0]?.code]).toEqual([false, 4000]);
  });

  it("W1: an inbox takes any number of lines", async () => {
    const done = deferred();
    const world = new World(channels, {
      limits: { commands: false, unanswered: 1 },
      methods: { wait: () => done.promise },
    });
    const peer = await world.connect();
    peer.send({ id: 1, call: "wait" }, { id: 2, call: "wait" });
    peer.connection.receiveText(...textFrame("{}\n".repeat(150_000)));
    expect(peer.closed).toEqual([]);
    done.resolve();
    await world.clock.settle();
    expect(peer.lines).toContainEqual({ id: 2, ok: null });
  });
});

describe("time to connect", () => {
  it("K2: without a connect command in time it is closed with 4003", async () => {
    const world = new World(channels);
    const peer = world.dial();
    await world.clock.advance(9999);
    peer.send("{}", { id: 1, subscribe: "log/a" });
    expect(peer.closed).toEqual([]);
    await world.clock.advance(1);
    expect(peer.closed).toEqual([
      { name: "connect_timeout", code: 4003, reason: "no connect command within 10000 ms" },
    ]);
  });

  it("K2: a connect command that takes its time is no silence", async () => {
    const verdict = deferred<null>();
    const world = new World(channels, { hooks: { authenticate: () => verdict.promise } });
    const peer = world.dial();
    peer.send({ id: 1, connect: {} });
    await world.clock.advance(60_000);
    expect(peer.closed).toEqual([]);
    verdict.resolve(null);
    await world.clock.settle();
    expect(peer.answer(1)).toHaveProperty("client");
  });
});

describe("heartbeats", () => {
  it("K11: a ping every 25 seconds, of every connection", async () => {
    const world = new World(channels);
    const peers = [];
    for (let i = 0; i < 60; i++) peers.push(await world.connect());
    await world.clock.advance(250_000);
    for (const peer of peers) expect(peer.pings).toBe(10);
  });

  it("K11: they are spread over time", async () => {
    const world = new World(channels);
    const peers: Peer[] = [];
    for (let i = 0; i < 100; i++) peers.push(await world.connect());
    let most = 0;
    for (let second = 0, before = 0; second < 25; second++) {
      await world.clock.advance(1000);
      const now = peers.reduce((sum, { pings }) => sum + pings, 0);
      most = Math.max(most, now - before);
      before = now;
    }
    expect(most).toBeLessThanOrEqual(4);
  });

  it("K12: who says nothing for 10 seconds after a ping is closed with 4001", async () => {
    const world = new World(channels);
    for (let i = 0; i < 30; i++) {
      const peer = await world.connect();
      peer.answersPings = false;
      let pinged: number | undefined;
      for (let ms = 0; ms < 40_000 && peer.closed.length === 0; ms += 100) {
        await world.clock.advance(100);
        if (peer.pings > 0) pinged ??= ms;
        if (peer.closed.length > 0) {
          expect(ms - (pinged ?? 0)).toBeGreaterThanOrEqual(9900);
          expect(ms - (pinged ?? 0)).toBeLessThanOrEqual(11_100);
        }
      }
      expect(peer.closed).toEqual([
        { name: "silent", code: 4001, reason: "nothing was heard since the last ping" },
      ]);
    }
    expect(world.engine.connections.size).toBe(0);
  });

  it("K12, K13: any sign of life will do: a pong, `{}`, a command", async () => {
    const world = new World(channels);
    const signs: ((peer: Peer) => void)[] = [
      (peer) => peer.connection.alive(),
      (peer) => peer.send("{}"),
      (peer) => peer.send({ history: "log/a" }),
      (peer) => peer.send(""),
    ];
    for (const sign of signs) {
      const peer = await world.connect();
      peer.answersPings = false;
      peer.ping = () => void world.clock.setTimeout(() => sign(peer), 9000);
      await world.clock.advance(200_000);
      expect(peer.closed).toEqual([]);
    }
  });

  it("K12: a peer is heard for as long as the parts of a long frame come", async () => {
    const world = new World(channels);
    const socket = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
    const link = new WebSocketLink(socket, { most: 65_536, direct: false });
    const connection = world.engine.accept(link, { headers: {}, url: "/connect", ip: "192.0.2.1" });
    link.open(connection);
    link.read(frame(TEXT, '{"id":1,"connect":{}}'));
    const long = frame(TEXT, `{"id":2,"call":"${"x".repeat(200)}"}`);
    for (let at = 0; at < 40; at++) {
      link.read(long.subarray(at, at + 1));
      await world.clock.advance(8000);
    }
    expect(connection.closed).toBe(false);
    await world.clock.advance(40_000);
    expect(connection.closed).toBe(true);
  });

  it.each([100, 1000, 5000, 20_000, 60_000, 3_600_000])("K11, K12: with a ping every %d ms", async (ping) => {
    const world = new World(channels, { limits: { ping } });
    const [alive, dead] = [await world.connect(), await world.connect()];
    dead.answersPings = false;
    await world.clock.advance(ping * 2 + 11_000);
    expect([alive.closed.length, dead.closed.length]).toEqual([0, 1]);
    expect(alive.pings).toBeGreaterThanOrEqual(2);
  });
});

describe("limits that make no sense", () => {
  it("K17: are refused when the app is made", () => {
    expect(() => tidemark({ limits: { message: 65_537 } })).toThrow(
      /limits.message \(65537\) must be at most half/,
    );
    expect(() => tidemark({ limits: { frame: 66_000 } })).toThrow(/limits.frame/);
    expect(() => tidemark({ limits: { message: 1000 }, unsent: { perConnection: 20_000 } })).toThrow(
      /unsent.perConnection \(20000\)/,
    );
    expect(() =>
      tidemark({ limits: { message: 96 * 1024, frame: 2_000_000 }, unsent: { perConnection: 200_000 } }),
    ).not.toThrow();
    expect(() =>
      tidemark({ limits: { message: 96 * 1024 + 1 }, unsent: { perConnection: 200_000 } }),
    ).toThrow("limits.message (98305) must be at most 98304: JSON is never cut");
  });
});

describe("what an ended connection leaves", () => {
  it("K16: nothing", async () => {
    const world = new World(channels, { limits: { commands: false } });
    for (let i = 0; i < 200; i++) {
      const peer = world.dial();
      peer.send(
        { id: 1, connect: { subs: { "log/a": {}, [`log/${i}`]: { last: 5 } } } },
        { id: 2, publish: "log/a", data: i, idem: 1 },
      );
      if (i % 3 > 0) await world.clock.advance(i % 3);
      peer.connection.transportClosed("1006", false);
    }
    await world.clock.advance(10_000);
    expect(world.engine.connections.size).toBe(0);
    expect([...world.engine.node.hub]).toEqual([]);
    expect(world.engine.node.budget.used).toBe(0);
    expect(world.engine.node.appender.waiting).toBe(0);
  });
});
