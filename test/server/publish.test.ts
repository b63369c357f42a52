/** Publishing: keys over connections, gates, and a broker that fails. */
import { describe, expect, it } from "vitest";
import { BrokerError, type Appended, type Broker, type Draft } from "../../src/broker/index.js";
import { stream, tidemark, transient, TidemarkError } from "../../src/server/index.js";
import { code } from "./support/answers.js";
import { connect, type Client } from "./support/client.js";
import { World, type Peer } from "./support/engine.js";
import { deferred, quiet, serve } from "./support/serve.js";

const ANN = "ann's publisher secret";
const BOB = "bob's publisher secret";

describe("keys, over connections", () => {
  async function setup() {
    const app = tidemark({
      ...quiet,
      authenticate: ({ token }) => (token === undefined ? null : { id: token }),
    }).channels({
      "chat/:id": stream({ retain: { count: 100 } }),
      "live/:id": stream(),
      "now/:id": transient(),
    });
    const { url } = await serve(app);
    const listener = await connect(url);
    const { ch } = await listener.ask({ subscribe: "chat/a" });
    return { app, url, listener, ch };
  }
  const send = (client: Client, data: unknown, idem: unknown, channel = "chat/a") =>
    client.ask({ publish: channel, data, idem });

  it.each([7, "seven"])(
    "P3, G3: the same key of the same publisher over another connection is the same message: %s",
    async (idem) => {
      const { url, listener, ch } = await setup();
      const first = await connect(url, { publisher: ANN });
      const ok = await send(first, { text: "hi" }, idem);
      expect(ok).toEqual({ offset: expect.any(Number) });
      first.socket.terminate();
      const second = await connect(url, { publisher: ANN });
      expect(await send(second, { text: "hi" }, idem)).toEqual(ok);
      expect(await send(second, { text: "next" }, "next")).not.toEqual(ok);
      expect(await listener.payloads(ch, 2)).toEqual([{ text: "hi" }, { text: "next" }]);
      expect((await listener.ask({ history: "chat/a" }))["entries"]).toHaveLength(2);
    },
  );

  it("P2: the same key of another publisher, user, channel or connection is another one", async () => {
    const { url } = await setup();
    const ann = await connect(url, { publisher: ANN });
    const clients = [
      ann,
      await connect(url, { publisher: BOB }),
      await connect(url, { publisher: ANN, token: "ann" }),
      await connect(url, { publisher: ANN, token: "bob" }),
      await connect(url),
      await connect(url),
    ];
    const offsets = [];
    for (const client of clients) offsets.push((await send(client, "hi", 1))["offset"]);
    offsets.push((await send(ann, "hi", 1, "chat/b"))["offset"]);
    expect(offsets.filter((offset) => typeof offset === "number")).toHaveLength(7);
    expect((await ann.ask({ history: "chat/a" }))["entries"]).toHaveLength(6);
  });

  it("P4: with another payload it is key_conflict, and appends nothing", async () => {
    const { url, listener } = await setup();
    const [first, second] = [await connect(url, { publisher: ANN }), await connect(url, { publisher: ANN })];
    await send(first, { text: "hi" }, 1);
    expect(code(await send(second, { text: "ho" }, 1))).toBe("key_conflict");
    expect(code(await send(second, null, 1))).toBe("key_conflict");
    second.send('{"id":1,"publish":"chat/a","data":null,"bytes":1,"idem":1}', "AA==");
    expect(code(await second.answer(1))).toBe("key_conflict");
    expect((await listener.ask({ history: "chat/a" }))["entries"]).toHaveLength(1);
    // Space and the order of appearance are the payload's own; what JSON does not keep apart is the same.
    second.send('{"id":2,"publish":"chat/a","data":{ "text" : "h\\u0069" },"idem":1}');
    expect(await second.answer(2)).toHaveProperty("offset");
  });

  it("L5, P7: a retry is recognised where nothing is kept", async () => {
    const { url } = await setup();
    const client = await connect(url, { publisher: ANN });
    const { ch } = await client.ask({ subscribe: "live/a" });
    const ok = await send(client, 1, "k", "live/a");
    expect(await send(client, 1, "k", "live/a")).toEqual(ok);
    await send(client, 2, "l", "live/a");
    expect(await client.payloads(ch, 2)).toEqual([1, 2]);
  });

  it("P5: a sequence below what is remembered has an unknown outcome", async () => {
    const { url } = await setup();
    const client = await connect(url, { publisher: ANN });
    for (let i = 2; i <= 300; i++) client.send({ id: i, publish: "chat/a", data: i, idem: i });
    expect(await client.answer(300)).toHaveProperty("offset");
    expect(code(await send(client, 1, 1))).toBe("outcome_unknown");
    expect(await send(client, 300, 300)).toHaveProperty("offset");
  });

  it("P8: a retry that comes too late is refused by its age", async () => {
    const { url } = await setup();
    const client = await connect(url, { publisher: ANN });
    expect(code(await client.ask({ publish: "chat/a", data: 1, idem: 1, age: 280_000 }))).toBe(
      "outcome_unknown",
    );
    expect(await client.ask({ publish: "chat/a", data: 1, idem: 1, age: 260_000 })).toHaveProperty("offset");
    expect(await client.ask({ publish: "chat/a", data: 1, age: 999_000 })).toHaveProperty("offset");
  });

  it("T5, T1: on a transient channel keys have no effect, and the offset is 0", async () => {
    const { url } = await setup();
    const client = await connect(url, { publisher: ANN });
    const { ch } = await client.ask({ subscribe: "now/a" });
    expect(await send(client, 1, 1, "now/a")).toEqual({ offset: 0 });
    expect(await send(client, 1, 1, "now/a")).toEqual({ offset: 0 });
    expect(await client.message(ch)).toEqual([0, 1]);
    expect(await client.message(ch)).toEqual([0, 1]);
  });

  it("P13, P16, P17: one's own message comes like everybody's; publishing needs no subscription", async () => {
    const { url, listener, ch } = await setup();
    const client = await connect(url, { token: "ann" });
    const { offset } = await client.ask({ publish: "chat/a", data: "hi" });
    expect(await listener.message(ch)).toEqual([offset, "hi", { from: "ann" }]);
    await listener.ask({ publish: "chat/a", data: "own" });
    expect((await listener.message(ch))[1]).toBe("own");
  });

  it("W12: without an id there is no answer but an error", async () => {
    const { url, listener, ch } = await setup();
    const client = await connect(url);
    client.send(
      { publish: "chat/a", data: 1 },
      { publish: "nowhere", data: 1 },
      { publish: "chat/a", data: 2 },
    );
    expect(await listener.payloads(ch, 2)).toEqual([1, 2]);
    await client.settled();
    expect(client.lines).toMatchObject([{ error: { code: "not_found" } }]);
    expect(client.lines[0]).not.toHaveProperty("id");
  });
});

/** A broker whose appends do what the test says. */
class Moody {
  next: ((append: () => Promise<Appended[]>, drafts: readonly Draft[]) => Promise<Appended[]>)[] = [];
  wrap(broker: Broker): Broker {
    const append: Broker["append"] = (channel, drafts, options) => {
      const mood = this.next.shift();
      const go = (): Promise<Appended[]> => broker.append(channel, drafts, options);
      return mood === undefined ? go() : mood(go, drafts);
    };
    return Object.assign(Object.create(broker) as Broker, {
      listen: broker.listen.bind(broker),
      durability: broker.durability,
      append,
      read: broker.read.bind(broker),
      follow: broker.follow.bind(broker),
      signal: () => Promise.reject(new BrokerError("unavailable", "no broker")),
    });
  }
}

describe("a broker that fails", () => {
  async function setup(
    options: Parameters<typeof stream>[0] = {},
  ): Promise<{ moody: Moody; world: World; peer: Peer; log: () => Promise<unknown[]> }> {
    const moody = new Moody();
    const world = new World(
      { "log/:id": stream({ retain: { count: 100 }, ...options }), "now/:id": transient() },
      { broker: (broker) => moody.wrap(broker), limits: { commands: false } },
    );
    const peer = await world.connect({ publisher: ANN });
    const log = async (): Promise<unknown[]> => {
      const page = await world.elsewhere.read(
        "log/a",
        { after: 0, limit: 100, bytes: 1e6 },
        { keeping: { by: "entries", retain: { count: 100 } }, dedupe: 1e6 },
      );
      return page.entries.map(({ data }) => JSON.parse(data as string) as unknown);
    };
    return { moody, world, peer, log };
  }
  const down = (): Promise<never> => Promise.reject(new BrokerError("unavailable", "no broker"));
  /** It was appended, and the answer was lost. */
  const lost = async (append: () => Promise<Appended[]>): Promise<never> => {
    await append();
    return down();
  };
  const publish = (n: number, more: object = {}): object => ({
    id: n,
    publish: "log/a",
    data: n,
    idem: n,
    ...more,
  });

  it("P9, G3: unavailable with a key, and the retry is the same message, lost answer or not", async () => {
    for (const mood of [down, lost]) {
      const { moody, peer, log } = await setup();
      moody.next = [mood];
      expect(await peer.ask({ publish: "log/a", data: 1, idem: 1 })).toMatchObject({
        error: { code: "unavailable", retry: true },
      });
      const ok = await peer.ask({ publish: "log/a", data: 1, idem: 1 });
      expect(ok).toHaveProperty("offset");
      expect(await peer.ask({ publish: "log/a", data: 1, idem: 1 })).toEqual(ok);
      expect(await log()).toEqual([1]);
    }
  });

  it("P9: outcome_unknown without a key", async () => {
    const { moody, peer } = await setup();
    moody.next = [down];
    expect(await peer.ask({ publish: "log/a", data: 1 })).toMatchObject({
      error: { code: "outcome_unknown", retry: false },
    });
  });

  it("P9: an error that is no broker's is in the log, and not on the wire", async () => {
    const { moody, peer, world } = await setup();
    moody.next = [() => Promise.reject(new Error("secret"))];
    expect(code(await peer.ask({ publish: "log/a", data: 1, idem: 1 }))).toBe("unavailable");
    expect(JSON.stringify(peer.frames)).not.toContain("secret");
    expect(world.log.lines).toMatchObject([{ level: "error" }]);
  });

  it("P9: a signal that was not handed over", async () => {
    const { peer } = await setup();
    expect(code(await peer.ask({ publish: "now/a", data: 1, idem: 1 }))).toBe("unavailable");
    expect(code(await peer.ask({ publish: "now/a", data: 1 }))).toBe("outcome_unknown");
  });

  it("P11, G2: what came after a failure is aborted, until the failed one comes again", async () => {
    const { moody, peer, world, log } = await setup();
    const first = deferred();
    moody.next = [() => first.promise.then(down)];
    peer.send(publish(1));
    await world.clock.settle();
    peer.send(publish(2), publish(3));
    peer.send(publish(4));
    first.resolve();
    await world.clock.settle();
    peer.send(publish(5));
    await world.clock.settle();
    expect([1, 2, 3, 4, 5].map((id) => code(peer.answer(id)))).toEqual([
      "unavailable",
      "aborted",
      "aborted",
      "aborted",
      "aborted",
    ]);
    peer.send(publish(1), publish(2), publish(3), publish(4), publish(5));
    await world.clock.settle();
    expect(await log()).toEqual([1, 2, 3, 4, 5]);
  });

  it("P11: those that went to the broker together fail together, and what came later is aborted", async () => {
    const { moody, peer, world, log } = await setup();
    moody.next = [down];
    peer.send(publish(1), publish(2));
    await world.clock.settle();
    peer.send(publish(3));
    await world.clock.settle();
    const codes = (): unknown[] => [1, 2, 3].map((id) => code(peer.answer(id)));
    expect(codes()).toEqual(["unavailable", "unavailable", "aborted"]);
    // The second one comes back too early.
    peer.send(publish(2));
    await world.clock.settle();
    expect(code(peer.answer(2))).toBe("aborted");
    peer.send(publish(1), publish(2), publish(3));
    await world.clock.settle();
    expect(await log()).toEqual([1, 2, 3]);
  });

  it("P11: `first` says that nothing came before", async () => {
    const { moody, peer, log } = await setup();
    moody.next = [down];
    await peer.ask({ publish: "log/a", data: 1, idem: 1 });
    expect(code(await peer.ask({ publish: "log/a", data: 2, idem: 2 }))).toBe("aborted");
    expect(await peer.ask({ publish: "log/a", data: 2, idem: 2, first: true })).toHaveProperty("offset");
    expect(await peer.ask({ publish: "log/a", data: 3, idem: 3 })).toHaveProperty("offset");
    expect(await log()).toEqual([2, 3]);
  });

  it("P12: those without keys, on other channels and of other connections go on", async () => {
    const { moody, peer, world } = await setup();
    const other = await world.connect({ publisher: BOB });
    moody.next = [down];
    await peer.ask({ publish: "log/a", data: 1, idem: 1 });
    expect(await peer.ask({ publish: "log/a", data: 2 })).toHaveProperty("offset");
    expect(await peer.ask({ publish: "log/b", data: 2, idem: 2 })).toHaveProperty("offset");
    expect(await other.ask({ publish: "log/a", data: 2, idem: 2 })).toHaveProperty("offset");
    expect(code(await peer.ask({ publish: "log/a", data: 3, idem: 3 }))).toBe("aborted");
  });

  it("P12: an error that a retry cannot help aborts nothing", async () => {
    const { peer, log } = await setup({
      onPublish: ({ data }) => {
        if (data === 1) throw new TidemarkError("rejected", "not one");
        return data;
      },
    });
    expect(code(await peer.ask({ publish: "log/a", data: 1, idem: 1 }))).toBe("rejected");
    expect(await peer.ask({ publish: "log/a", data: 2, idem: 2 })).toHaveProperty("offset");
    expect(await log()).toEqual([2]);
  });

  it("P11: a hook's error that a retry can help aborts, too, and slow hooks keep to it", async () => {
    const verdicts = [deferred(), deferred()];
    const { peer, world, log } = await setup({
      onPublish: async ({ data }) => {
        await verdicts[data as number]?.promise;
        return data;
      },
    });
    peer.send(publish(0), publish(1), publish(2));
    await world.clock.settle();
    verdicts[0]?.reject(new TidemarkError("busy", "come again", { retry: true }));
    verdicts[1]?.resolve();
    await world.clock.settle();
    expect([0, 1, 2].map((id) => code(peer.answer(id)))).toEqual(["busy", "aborted", "aborted"]);
    expect(await log()).toEqual([]);
  });

  it("P19: answers that are ok come in the order of the publishes", async () => {
    const { peer, world } = await setup({ onPublish: async ({ data }) => data });
    peer.send(...Array.from({ length: 100 }, (_, n) => publish(n)));
    await world.clock.settle();
    expect(peer.lines.map((line) => ("id" in line ? line.id : undefined))).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
  });

  it("S11: publishes of a connection that has ended may be in the log, and are answered to nobody", async () => {
    const { moody, peer, world, log } = await setup();
    const first = deferred();
    moody.next = [(append) => first.promise.then(append)];
    peer.send(publish(1), publish(2));
    await world.clock.settle();
    const { length } = peer.lines;
    peer.connection.transportClosed("1006", false);
    first.resolve();
    await world.clock.settle();
    expect(peer.lines).toHaveLength(length);
    expect(await log()).toEqual([1, 2]);
  });

  it("B11: publishes of the application have keys of their own, and fail as unknown", async () => {
    const { moody, world } = await setup();
    moody.next = [down];
    const resolved = world.engine.node.registry.resolve("log/a");
    const { publishAsServer } = await import("../../src/server/connection/publish/publish-as-server.js");
    if (resolved === undefined) throw new Error("no channel");
    await expect(publishAsServer(world.engine.node, resolved, 1)).rejects.toMatchObject({
      code: "outcome_unknown",
    });
    await expect(publishAsServer(world.engine.node, resolved, 1)).resolves.toHaveProperty("offset");
  });
});
