/** What fails inside the server ends one connection at most: the others go on, and the log says what it was. */
import { describe, expect, it } from "vitest";
import type { Broker, Entry } from "../../src/broker/index.js";
import { TidemarkError, stream, transient } from "../../src/server/index.js";
import { World, type Peer, type WorldOptions } from "./support/engine.js";
import { deferred } from "./support/serve.js";
import { whatReachesProcess } from "./support/process.js";
import { nextTurn } from "./support/sockets.js";

const CHANNELS = {
  "chat/:id": stream({ retain: { count: 100 }, presence: true, presenceGrace: 0 }),
  "now/:id": transient(),
};

const broken = (): never => {
  throw new Error("broken");
};

/** A server with somebody on it who must go on being served, and what has reached the process. */
async function setUp(options: WorldOptions = {}) {
  const reached = whatReachesProcess();
  const world = new World(CHANNELS, options);
  const witness = await world.connect({ subs: { "chat/w": {} } });
  let said = 0;
  const goesOn = async (): Promise<void> => {
    await world.clock.advance(1000);
    // Rejections reach the process after the turn.
    await nextTurn();
    expect(reached).toEqual([]);
    expect(await witness.ask({ publish: "chat/w", data: ++said })).toMatchObject({
      offset: expect.any(Number) as number,
    });
    expect(witness.payloads.at(-1)).toBe(said);
    await world.clock.advance(60_000);
    expect(reached).toEqual([]);
    expect(witness.closed).toEqual([]);
    expect(witness.connection.closed).toBe(false);
  };
  return { world, witness, goesOn };
}

function errorsOf({ log }: World): string[] {
  return log.lines.filter(({ level }) => level === "error").map(({ fields }) => String(fields["error"]));
}

describe("K18, K25: a transport that throws", () => {
  const WAYS: Readonly<Record<string, (peer: Peer) => unknown>> = {
    "when it is written to": (peer) => (peer.writeShared = broken),
    "when it is pinged": (peer) => (peer.ping = broken),
    "when it is asked to say when it has drained": (peer) => {
      peer.unsent = 1;
      peer.whenDrained = broken;
    },
    "when it is written to and closed": (peer) => (peer.writeShared = peer.close = broken),
    "whatever is done with it": (peer) =>
      (peer.write = peer.writeShared = peer.ping = peer.close = peer.terminate = broken),
  };
  it.each(Object.keys(WAYS))("K25: %s costs its own connection, and says so to the log", async (way) => {
    const { world, goesOn } = await setUp();
    const peer = await world.connect({ subs: { "chat/w": {} } });
    const before = world.engine.connections.size;
    WAYS[way]?.(peer);
    await goesOn();
    expect(peer.connection.closed).toBe(true);
    expect(world.engine.connections.size).toBe(before - 1);
    expect(errorsOf(world)).toContain("Error: broken");
  });

  it("K25: so it is when all are told to move, and when the server ends", async () => {
    const { world, witness } = await setUp();
    const peer = await world.connect();
    peer.write = peer.writeShared = peer.close = broken;
    world.engine.drain(10_000, "stopping");
    await world.clock.advance(1000);
    expect(peer.connection.closed).toBe(true);
    expect(witness.events.at(-1)).toMatchObject({ event: "goaway" });
    const other = await world.connect();
    other.close = broken;
    world.engine.close("stopped");
    expect(witness.closed).toMatchObject([{ code: 4000 }]);
  });
});

describe("K26: what the application says", () => {
  const circular: unknown[] = [];
  circular.push(circular);
  const nothing = Object.create(null) as Error;
  const CASES: Readonly<Record<string, Partial<NonNullable<WorldOptions["hooks"]>>>> = {
    "authenticate throws what has no text": {
      authenticate: ({ token }) => (token === "odd" ? Promise.reject(nothing) : null),
    },
    "authenticate throws issues that are no JSON": {
      authenticate: ({ token }) => {
        if (token === "odd") throw new TidemarkError("odd", "odd", { issues: circular as never });
      },
    },
    "subscriptions returns what is no list": {
      subscriptions: ({ user }) => (user === "odd" ? (7 as never) : []),
      authenticate: ({ token }) => token,
    },
    "subscriptions returns a list of other things": {
      subscriptions: ({ user }) => (user === "odd" ? ([7] as never) : []),
      authenticate: ({ token }) => token,
    },
  };
  it.each(Object.keys(CASES))("K26: %s: the connection is refused, and that is all", async (which) => {
    const { world, goesOn } = await setUp({ hooks: CASES[which] ?? {} });
    const peer = world.dial();
    await peer.ask({ connect: { token: "odd" } });
    await goesOn();
    expect(peer.closed).toMatchObject([{ code: 4500 }]);
  });

  it.each([nothing, 7n, circular, undefined])(
    "K26: a method that rejects with anything at all is answered with internal (%#)",
    async (thrown) => {
      const late = deferred<unknown>();
      const { world, goesOn } = await setUp({ methods: { odd: () => late.promise } });
      world.log.error = (fields) => void JSON.stringify(fields["error"]).length;
      const peer = await world.connect();
      const asked = peer.ask({ call: "odd" });
      late.reject(thrown);
      expect(await asked).toMatchObject({ error: { code: "internal" } });
      await goesOn();
      expect(peer.closed).toEqual([]);
    },
  );

  it("K26: a logger that throws is no reason to end anything", async () => {
    const { world, goesOn } = await setUp({ methods: { odd: () => Promise.reject(new Error("odd")) } });
    world.log.error = world.log.warn = broken;
    const peer = await world.connect();
    expect(await peer.ask({ call: "odd" })).toMatchObject({ error: { code: "internal" } });
    await goesOn();
  });
});

/** A broker of which one thing is another. */
function brokerWith(change: (broker: Broker) => Partial<Broker>): NonNullable<WorldOptions["broker"]> {
  return (broker) => {
    const changed = change(broker);
    return new Proxy(broker, {
      get(target, name) {
        const found: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name);
        return typeof found === "function" ? (found.bind(target) as unknown) : found;
      },
    });
  };
}

describe("K26: a broker that throws instead of rejecting", () => {
  it("K26: an append fails as any other, and the channel goes on", async () => {
    let whole = true;
    const { world, goesOn } = await setUp({
      broker: brokerWith((broker) => ({
        append: (...args) => (whole ? broker.append(...args) : broken()),
        signal: (...args) => (whole ? broker.signal(...args) : broken()),
      })),
    });
    const peer = await world.connect();
    whole = false;
    expect(await peer.ask({ publish: "chat/w", data: 1, idem: 1 })).toMatchObject({
      error: { code: "unavailable" },
    });
    expect(await peer.ask({ publish: "now/w", data: 1 })).toMatchObject({ error: { retry: false } });
    whole = true;
    await goesOn();
    expect(await peer.ask({ publish: "now/w", data: 1 })).toEqual({ offset: 0 });
  });

  it("K26: a leave is said again", async () => {
    let fails = 1;
    const { world, witness, goesOn } = await setUp({
      broker: brokerWith((broker) => ({
        leave: (...args) => (fails-- > 0 ? broken() : broker.leave(...args)),
      })),
    });
    const peer = await world.connect({ subs: { "chat/w": {} } });
    peer.connection.transportClosed("1000", true);
    await goesOn();
    expect(witness.events.filter(({ event }) => event === "leave")).toHaveLength(1);
  });

  it.each(["user {", "count? {", "count! 7", 'user {"do":"subscribe","user":"x"}'])(
    "K26: %j, as a text of another server, is left alone",
    async (text) => {
      const { world, goesOn } = await setUp();
      await world.elsewhere.send("*", text);
      await goesOn();
    },
  );
});

it("K27: what cannot be made ready for everybody is read by each, and nothing is left out", async () => {
  let spoil = false;
  const { world, witness, goesOn } = await setUp({
    broker: brokerWith((broker) => ({
      follow: (channel, follower) =>
        broker.follow(channel, {
          ...follower,
          onEntries: (hint) => {
            if (!spoil) return follower.onEntries(hint);
            const entries = hint.entries.map(({ offset, prev }): Entry => ({
              offset,
              prev,
              get data() {
                return broken();
              },
            }));
            return follower.onEntries({ ...hint, entries });
          },
          onSignals: (signals) => follower.onSignals(signals),
          onPresence: (change) => follower.onPresence(change),
          onReset: () => follower.onReset(),
        }),
    })),
  });
  await world.append("chat/w", '"first"');
  await world.clock.settle();
  spoil = true;
  await world.append("chat/w", '"second"');
  await world.clock.advance(1000);
  spoil = false;
  await world.append("chat/w", '"third"');
  await world.clock.advance(1000);
  expect(witness.payloads).toEqual(["first", "second", "third"]);
  await goesOn();
});
