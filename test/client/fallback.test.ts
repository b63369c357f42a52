import { describe, expect, test } from "vitest";
import { seekBetter } from "../../src/client/transports/better.js";
import { createChoice } from "../../src/client/transports/choice.js";
import type { Transport, TransportEvents, TransportName } from "../../src/client/transport.js";
import { VirtualClock } from "tidemark/testing";
import { World, collect, outcome, streamAt, type Link } from "./world.js";

const ALL: TransportName[] = ["websocket", "stream", "poll"];
const ways = ({ links }: World): TransportName[] => links.map(({ way }) => way);

describe("N24: which transport is used", () => {
  test("is the first, as long as it opens", async () => {
    const world = new World({ transports: ALL });
    await world.online();
    await world.reconnect();
    await world.online();
    expect(ways(world)).toEqual(["websocket", "websocket"]);
    expect(world.client.transport).toBe("websocket");
  });

  test("is the next when the first was cut twice before the server had answered, at once", async () => {
    const world = new World({ transports: ALL });
    await world.settle();
    world.link.cut();
    expect(world.client.status).toBe("offline");
    await world.pass(300);
    expect(ways(world)).toEqual(["websocket", "websocket"]);
    await world.shakeHands();
    world.link.cut();
    await world.settle();
    expect(ways(world)).toEqual(["websocket", "websocket", "stream"]);
    expect([world.client.status, world.client.transport]).toEqual(["connecting", "stream"]);
    await world.online();
    expect(world.client.status).toBe("online");
  });

  test("is the next when the first says nothing for half of connectTimeout", async () => {
    const world = new World({ transports: ALL, connectTimeout: 4000 });
    await world.pass(1999);
    expect(ways(world)).toEqual(["websocket"]);
    await world.pass(1);
    expect(ways(world)).toEqual(["websocket", "stream"]);
    await world.pass(2000);
    expect(ways(world)).toEqual(["websocket", "stream", "poll"]);
  });

  test("is the first again when none works: then it is not their fault", async () => {
    const world = new World({ transports: ALL });
    for (const way of ["websocket", "websocket", "stream", "poll"]) {
      await world.pass(300);
      expect(world.link.way).toBe(way);
      world.link.cut();
      await world.settle();
    }
    expect(world.client.status).toBe("offline");
    await world.pass(3000);
    expect(world.link.way).toBe("websocket");
    // One more failure leads on: that it may be by chance was said before.
    world.link.cut();
    await world.settle();
    expect(world.link.way).toBe("stream");
  });

  test("does not change because of what the server says, or when a connection that was online is cut", async () => {
    const world = new World({ transports: ALL, backoff: { min: 1, max: 1 } });
    for (let i = 0; i < 4; i++) {
      await world.shakeHands();
      world.link.cut(4006, "later");
      await world.pass(1);
    }
    await world.online();
    for (let i = 0; i < 4; i++) {
      world.link.cut();
      await world.pass(1);
      await world.online();
    }
    expect(ways(world)).toEqual(Array.from({ length: 9 }, () => "websocket"));
  });

  test("stays what worked, over reconnects", async () => {
    const world = new World({ transports: ALL, connectTimeout: 1000 });
    await world.pass(500);
    await world.online();
    await world.reconnect();
    await world.online();
    expect(ways(world)).toEqual(["websocket", "stream", "stream"]);
  });

  test("is what an earlier page found out", () => {
    expect(createChoice(ALL, "stream 12345").name()).toBe("stream");
    for (const kept of [null, undefined, "", " 12345", "pigeon 1"])
      expect(createChoice(ALL, kept).name()).toBe("websocket");
    expect(createChoice(["poll"], "stream 1").name()).toBe("poll");
  });
});

/** A client that is online over the stream. */
async function streaming(): Promise<World> {
  const world = new World({ transports: ["stream"] });
  await world.online();
  return world;
}

describe("N25: over a one-way transport", () => {
  test("another subscription means another connect command, with all of them as they are", async () => {
    const world = await streaming();
    const a = world.client.stream("a");
    const b = world.client.stream("b");
    await world.settle();
    const [first] = world.link.take();
    expect(first?.["connect"]).toMatchObject({ subs: { a: { kind: "stream" }, b: { kind: "stream" } } });
    world.link.say(
      {
        id: first?.id,
        ok: {
          client: "x",
          durability: "memory",
          ping: 25_000,
          subs: { a: streamAt(1, 10), b: streamAt(2, 20) },
        },
      },
      [1, 11, "hi"],
    );
    await world.settle();
    b.close();
    await world.settle();
    const [second, ...more] = world.link.take();
    expect(second?.["connect"]).toMatchObject({ subs: { a: { kind: "stream", cursor: "e:11" } } });
    expect(second).not.toHaveProperty("connect.subs.b");
    expect(more).toEqual([]);
    expect([a.cursor, world.client.status, world.links.length]).toEqual(["e:11", "online", 1]);
  });

  test("the end of an answer in good order means asking again; nobody hears of it, and nothing comes twice", async () => {
    const world = await streaming();
    const statuses = collect<string>();
    world.client.on("status", statuses.add);
    const got = collect<unknown>();
    const a = world.client.stream("a");
    a.on("message", ({ data }) => got.add(data));
    await world.settle();
    for (let n = 1; n <= 3; n++) {
      const [command] = world.link.take();
      world.link.say(
        {
          id: command?.id,
          ok: { client: `c${n}`, durability: "memory", ping: 25_000, subs: { a: streamAt(n, n - 1) } },
        },
        [n, n, n],
      );
      world.link.over();
      await world.settle();
    }
    expect(world.link.take()[0]?.["connect"]).toMatchObject({ subs: { a: { cursor: "e:3" } } });
    expect(got.all).toEqual([1, 2, 3]);
    expect([statuses.all, world.client.id]).toEqual([[], "c3"]);
  });

  test.each([
    ["1,000 channels", (n: number) => `room/${n}`, 1000],
    ["126 KiB with the answer", (n: number) => `room/${n}/${"x".repeat(250)}`.slice(0, 250), 366],
  ])("beyond %s the others are told, once, and asked for when there is room", async (_, nameOf, most) => {
    const world = await streaming();
    const handles = Array.from({ length: most + 2 }, (__, n) => world.client.stream(nameOf(n)));
    const told = collect<unknown>();
    const listen = (handle: (typeof handles)[number]): void =>
      void handle.on("error", ({ code, retry, channel }) => told.add({ code, retry, channel }));
    handles.forEach(listen);
    const answer = async (): Promise<string[]> => {
      await world.settle();
      const [command, ...more] = world.link.take();
      expect(more).toEqual([]);
      const names = Object.keys((command as { connect: { subs: object } } | undefined)?.connect.subs ?? {});
      expect((world.link.frames.at(-1) as string).length).toBeLessThan(126 * 1024);
      const subs = Object.fromEntries(names.map((name, n) => [name, streamAt(n, 1)]));
      world.link.say({ id: command?.id, ok: { client: "x", durability: "memory", ping: 25_000, subs } });
      return names;
    };
    expect((await answer()).length).toBe(most);
    world.link.over();
    expect((await answer()).length).toBe(most);
    listen(world.client.stream(nameOf(most + 2)));
    await world.settle();
    expect(world.link.take()).toEqual([]);
    expect(told.all).toEqual(
      [most, most + 1, most + 2].map((n) => ({ code: "limit_reached", retry: true, channel: nameOf(n) })),
    );
    handles[0]?.close();
    expect(await answer()).toEqual(Array.from({ length: most }, (__, n) => nameOf(n + 1)));
    await handles[most]?.ready;
  });

  test("a call stays under way when the answer ends", async () => {
    const world = await streaming();
    const call = outcome(world.client.call("sum"));
    await world.settle();
    const [{ id } = { id: 0 }] = world.link.take();
    world.link.over();
    await world.settle();
    world.link.say({ id, ok: 3 });
    await world.settle();
    expect(call.value).toBe(3);
  });

  test("publishes wait until those before them are answered, so that none overtakes one that failed", async () => {
    const world = await streaming();
    const link = world.link;
    const a = world.client.stream("a");
    await world.settle();
    const [connect] = link.take();
    link.say({
      id: connect?.id,
      ok: { client: "x", durability: "memory", ping: 25_000, subs: { a: streamAt(1, 0) } },
    });
    for (const n of [1, 2]) outcome(a.publish(n));
    await world.settle();
    const sent = link.take();
    expect(sent.map((command) => command["data"])).toEqual([1, 2]);
    link.idle = () => false;
    outcome(a.publish(3));
    await world.settle();
    expect(link.take()).toEqual([]);
    link.say({ id: sent[0]?.id, error: { code: "unavailable", message: "", retry: true, after: 10 } });
    link.say({ id: sent[1]?.id, error: { code: "aborted", message: "", retry: true } });
    link.idle = () => true;
    link.answered();
    await world.pass(10);
    expect(link.take().map((command) => [command["data"], command["idem"], command["first"]])).toEqual([
      [1, 1, true],
      [2, 2, undefined],
      [3, 3, undefined],
    ]);
  });

  test("being back on the network means asking again; without an answer it is given up within 5 seconds", async () => {
    const world = await streaming();
    await world.pass(20_000);
    world.platform("online");
    await world.settle();
    expect(world.link.take()[0]).toHaveProperty("connect");
    await world.pass(4999);
    expect(world.client.status).toBe("online");
    await world.pass(1);
    expect(world.client.status).toBe("offline");
  });
});

describe("N3: over WebSocket, being back on the network means asking whether the server is there", () => {
  test("and an answer is all that is wanted", async () => {
    const world = new World();
    await world.online();
    await world.pass(20_000);
    world.platform("visible");
    expect(world.link.frames.at(-1)).toBe("{}");
    await world.pass(3000);
    world.link.say({});
    await world.pass(20_000);
    expect([world.client.status, world.links.length]).toEqual(["online", 1]);
  });

  test("without one the connection is given up within 5 seconds", async () => {
    const world = new World();
    await world.online();
    await world.pass(20_000);
    world.platform("online");
    await world.pass(5000);
    expect(world.client.status).toBe("offline");
    expect(world.client.reason?.code).toBe("silent");
  });
});

describe("N26: a better transport", () => {
  test("that works takes over, and everything goes on from the cursors", async () => {
    const world = new World({ transports: ALL, connectTimeout: 100 });
    const a = world.client.stream("a");
    await world.pass(50);
    await world.online({ a: streamAt(1, 5) });
    const old = world.link;
    const better = old.better("websocket") as Link;
    await world.settle();
    expect([old.closed, world.client.transport]).toEqual([true, "websocket"]);
    const [command] = better.take();
    expect(command?.["connect"]).toMatchObject({ subs: { a: { cursor: "e:5" } } });
    better.say(
      {
        id: command?.id,
        ok: { client: "new", durability: "memory", ping: 25_000, subs: { a: streamAt(9, 5) } },
      },
      [9, 6, "hi"],
    );
    await world.settle();
    expect([world.client.status, a.cursor]).toEqual(["online", "e:6"]);
  });

  /** The search by itself, and what it opened. */
  function search(kept?: string) {
    const clock = new VirtualClock();
    const memory = new Map<string, string>(kept === undefined ? [] : [["url", kept]]);
    const opened: { readonly events: TransportEvents; readonly sent: unknown[]; closed: boolean }[] = [];
    const adopted: Transport[] = [];
    const heard: unknown[] = [];
    const state = { idle: true, oneWay: false };
    const own: TransportEvents = {
      open() {},
      frame: (frame) => heard.push(frame),
      over: () => heard.push("over"),
      idle: () => heard.push("idle"),
      better: (adopt) => adopted.push(adopt(own)),
      close: (code) => heard.push(code),
    };
    const stop = seekBetter(
      "url",
      "stream",
      {
        clock,
        memory: {
          getItem: (key) => memory.get(key) ?? null,
          setItem: (key, value) => void memory.set(key, value),
        },
        open: (events) => {
          const transport = { events, sent: [] as unknown[], closed: false };
          opened.push(transport);
          return {
            send: (frame) => transport.sent.push(frame),
            close: () => (transport.closed = true),
            idle: state.oneWay ? () => true : undefined,
          };
        },
      },
      () => state.idle,
      own,
      () => '{"id":0,"connect":{}}',
    );
    return { clock, memory, opened, adopted, heard, state, stop };
  }

  test("is tried every 5 minutes, and offered when frames go both ways and nothing would be lost", async () => {
    const { clock, memory, opened, adopted, heard, state } = search();
    expect(memory.get("url")).toBe(`stream ${clock.now()}`);
    await clock.advance(299_999);
    expect(opened).toHaveLength(0);
    await clock.advance(1);
    expect(opened).toHaveLength(1);
    opened[0]?.events.close(1006, "");
    await clock.advance(300_000);
    const beside = opened[1];
    beside?.events.open();
    expect(beside?.sent).toEqual(["{}"]);
    expect(adopted).toHaveLength(0);
    state.idle = false;
    beside?.events.frame("{}");
    await clock.advance(5000);
    expect(adopted).toHaveLength(0);
    state.idle = true;
    await clock.advance(500);
    expect(adopted).toHaveLength(1);
    expect(memory.get("url")).toMatch(/^ \d+$/);
    beside?.events.frame("more");
    beside?.events.close(4000, "");
    expect([heard, beside?.closed]).toEqual([["more", 4000], false]);
  });

  test("over HTTP is asked with a connect command, and hears of the end of its answers once it was taken", async () => {
    const { clock, opened, adopted, heard, state } = search();
    state.oneWay = true;
    await clock.advance(300_000);
    const beside = opened[0];
    beside?.events.open();
    expect(beside?.sent).toEqual(['{"id":0,"connect":{}}']);
    beside?.events.over();
    beside?.events.frame('{"id":0,"ok":{}}');
    expect([adopted.length, heard]).toEqual([1, []]);
    beside?.events.idle();
    beside?.events.over();
    expect(heard).toEqual(["idle", "over"]);
  });

  test("is tried when its time has come that another page began to count", async () => {
    const { clock, opened } = search(`stream ${new VirtualClock().now() - 200_000}`);
    await clock.advance(100_000);
    expect(opened).toHaveLength(1);
  });

  test("is let go of with the search", async () => {
    const { clock, opened, stop } = search();
    await clock.advance(300_000);
    stop();
    await clock.advance(1_000_000);
    expect(opened.map(({ closed }) => closed)).toEqual([true]);
  });
});
