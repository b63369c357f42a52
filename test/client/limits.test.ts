/** Limits that a server has, and what a client makes of them: with real servers, and with one that says what the test wants. */
import { bytes, method, stream, tidemark } from "tidemark";
import { type TransportName, connect } from "tidemark/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AppOptions } from "../../src/server/index.js";
import { quiet, serve } from "../server/support/serve.js";
import { World, collect, outcome, rejection, streamAt } from "./world.js";

const WAYS: readonly TransportName[] = ["websocket", "stream", "poll"];

/** A client of a real server with these options, and what it was told of its connection. */
async function client(way: TransportName, options: AppOptions<null> = {}) {
  const app = tidemark<null>({ ...quiet, ...options })
    .channels({ "any/:id": stream({ retain: { count: 1000 } }) })
    .methods({
      size: method({ run: (data) => (data instanceof Uint8Array ? [...data] : JSON.stringify(data).length) }),
      odd: method({ input: bytes({ max: 2 }), run: (data) => data.length }),
    });
  const { url } = await serve(app);
  const rt = connect<typeof app>(url, { transports: [way], token: "t".repeat(1000) });
  onTestFinished(() => rt.close());
  const statuses = collect<string>();
  rt.on("status", statuses.add);
  return { rt, statuses };
}

describe.each(WAYS)("over %s", (way) => {
  test("N28: what is too large rejects with too_large, and everything else goes on", async () => {
    const { rt, statuses } = await client(way);
    const chat = rt.stream("any/:id", { id: "a" });
    const early = rejection(chat.publish("x".repeat(200_000)));
    const second = chat.publish("early");
    expect((await early).code).toBe("too_large");
    await second;
    for (const size of [65_535, 200_000])
      expect(await rejection(chat.publish("x".repeat(size)))).toMatchObject({
        code: "too_large",
        retry: false,
      });
    expect(await rejection(chat.publish(new Uint8Array(65_537)))).toMatchObject({ code: "too_large" });
    expect(await rejection(rt.call("size", "y".repeat(200_000)))).toMatchObject({ code: "too_large" });
    expect((await rejection(rt.call("size", new Uint8Array(200_000)))).code).toBe("too_large");
    await chat.publish("x".repeat(65_534));
    await chat.publish(new Uint8Array(65_536));
    expect(await rt.call("size", "y".repeat(100_000))).toBe(100_002);
    expect(statuses.all).toEqual(["online"]);
    expect((await chat.history({ limit: 3 })).messages.map(({ data }) => (data as string).length)).toEqual(
      [5, 65_534, 65_536].slice(-1),
    );
  });

  test("N28: frames and bodies fit under a limit that was lowered", async () => {
    const { rt, statuses } = await client(way, {
      limits: { message: 16_384, frame: 65_536, commands: false },
    });
    const chat = rt.stream("any/:id", { id: "a" });
    const sizes = Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? 16_382 : 1000));
    await Promise.all(sizes.map((size) => chat.publish("x".repeat(size))));
    await Promise.all(sizes.map((size) => chat.publish("é".repeat(size / 2 - 1))));
    expect((await rejection(chat.publish("x".repeat(16_383)))).code).toBe("too_large");
    expect(statuses.all).toEqual(["online"]);
  });

  test("N28, N25: as many channels as there is room for go on", async () => {
    const { rt, statuses } = await client(way, {
      limits: { message: 16_384, frame: 65_536 },
      unsent: { perConnection: 131_072 },
    });
    const handles = Array.from({ length: 900 }, (_, n) => rt.stream(`any/${"n".repeat(60)}${n}`));
    const refused = collect<string>();
    for (const handle of handles) handle.on("error", ({ code }) => refused.add(code));
    await Promise.all(handles.slice(0, 400).map(({ ready }) => ready));
    await handles[0]?.publish("hi");
    expect(statuses.all).toEqual(["online"]);
    expect(new Set(refused.all)).toEqual(new Set(way === "websocket" ? [] : ["limit_reached"]));
  });

  test("A7, N15: a call gives a method bytes", async () => {
    const { rt } = await client(way);
    expect(await rt.call("size", new Uint8Array([1, 10, 255]))).toEqual([1, 10, 255]);
    expect(await rt.call("size", new Uint8Array(0))).toEqual([]);
    expect(await rt.call("odd", new Uint8Array(2))).toBe(2);
    expect((await rejection(rt.call("odd", new Uint8Array(3)))).code).toBe("invalid");
  });
});

test("W21, N25: over HTTP an answer to connect stays under what the server gives", async () => {
  const { rt, statuses } = await client("stream", {
    limits: { message: 1024 },
    unsent: { perConnection: 65_536 },
  });
  const handles = Array.from({ length: 1000 }, (_, n) => rt.stream(`any/${"n".repeat(30)}${n}`));
  for (const handle of handles) handle.on("error", () => {});
  await Promise.all(handles.slice(0, 400).map(({ ready }) => ready));
  await handles[0]?.publish("hi");
  expect(statuses.all).toEqual(["online"]);
});

const LIMITS = { message: 1000, frame: 131_072, answer: 130_784 };

describe("before the server has said its limits", () => {
  test("N28: a connect command over HTTP is below 64 KiB, and the rest is asked for when there is room", async () => {
    const world = new World({ transports: ["stream"] });
    const handles = Array.from({ length: 800 }, (_, n) => world.client.stream(`any/${"n".repeat(40)}${n}`));
    const errors = collect<unknown>();
    for (const handle of handles) handle.on("error", errors.add);
    const answer = async (limits: object): Promise<number> => {
      await world.settle();
      const [command, ...more] = world.link.take();
      expect(more).toEqual([]);
      const names = Object.keys((command as { connect: { subs: object } } | undefined)?.connect.subs ?? {});
      const subs = Object.fromEntries(names.map((name, n) => [name, streamAt(n, 1)]));
      world.link.say({
        id: command?.id,
        ok: { client: "x", limits, durability: "memory", ping: 25_000, subs },
      });
      return names.length;
    };
    await world.settle();
    world.link.open();
    const first = await answer(LIMITS);
    expect((world.link.frames[0] as string).length).toBeLessThan(65_536);
    expect(first).toBeLessThan(800);
    expect(await answer(LIMITS)).toBe(800);
    await Promise.all(handles.map(({ ready }) => ready));
    expect(errors.all).toEqual([]);
    await world.settle();
    expect(world.link.take()).toEqual([]);
  });

  test("N28: what was sent to one server, and is too large for the next, has an unknown outcome", async () => {
    const world = new World();
    const chat = world.client.stream("a");
    await world.online({ a: streamAt(1, 0) });
    const results = [chat.publish("x".repeat(2000)), chat.publish("small")].map(outcome);
    await world.settle();
    await world.reconnect();
    const command = await world.shakeHands();
    const ok = {
      client: "d",
      limits: LIMITS,
      durability: "memory",
      ping: 25_000,
      subs: { a: streamAt(1, 0) },
    };
    world.link.say({ id: command.id, ok });
    await world.settle();
    expect(results.map(({ value }) => value)).toEqual(["outcome_unknown", "pending"]);
    expect(world.link.take()).toMatchObject([{ publish: "a", data: "small", idem: 2, first: true }]);
  });
});

describe("after the server threw a frame out", () => {
  test.each([
    [1009, "too_large"],
    [1007, "invalid"],
  ])(
    "N29, W19: with %i the command on its way rejects, and the client comes back without it",
    async (code, told) => {
      const world = new World();
      const chat = world.client.stream("a");
      await world.online({ a: streamAt(1, 0) });
      const culprit = rejection(chat.publish("x".repeat(5000)));
      await world.settle();
      world.link.take();
      world.link.cut(code, "no such frame");
      const next = outcome(chat.publish("next"));
      expect(await culprit).toMatchObject({ code: told, retry: false, message: "no such frame" });
      expect(world.client.status).toBe("offline");
      await world.pass(300);
      await world.online({ a: streamAt(1, 0) });
      expect(world.client.status).toBe("online");
      const [sent] = world.link.take();
      expect(sent).toMatchObject({ publish: "a", data: "next", idem: 2 });
      world.link.say({ id: sent?.id, ok: { offset: 7 } });
      await world.settle();
      expect(next.value).toEqual({ offset: 7 });
      expect(world.reports).toEqual([]);
    },
  );

  test("N29: of several on their way the largest is not sent again, and nobody says what became of it", async () => {
    const world = new World();
    const chat = world.client.stream("a");
    await world.online({ a: streamAt(1, 0) });
    const results = ["small", "x".repeat(5000), "last"].map((data) => outcome(chat.publish(data)));
    const history = outcome(chat.history());
    await world.settle();
    world.link.take();
    world.link.cut(1009, "too big");
    await world.pass(300);
    await world.online({ a: streamAt(1, 0) });
    expect(results.map(({ value }) => value)).toEqual(["pending", "outcome_unknown", "pending"]);
    expect(history.value).toBe("pending");
    expect(world.link.take()).toMatchObject([
      { publish: "a", data: "small", idem: 1 },
      { publish: "a", data: "last", idem: 3 },
      { history: "a" },
    ]);
  });

  test("N29: with nothing on its way it is closed, and so is one whose connect command was thrown out", async () => {
    for (const early of [true, false]) {
      const world = new World();
      if (early) await world.shakeHands();
      else await world.online();
      world.link.cut(1009, "too big");
      await world.settle();
      expect([world.client.status, world.client.reason?.code]).toEqual(["closed", "too_big"]);
    }
  });

  test("N29: a server that throws everything out is come back to less and less often", async () => {
    const world = new World();
    const chat = world.client.stream("a");
    for (let n = 0; n < 8; n++) {
      await world.online({ a: streamAt(1, 0) });
      const lost = rejection(chat.publish(n));
      await world.settle();
      world.link.take();
      world.link.cut(1007, "no");
      expect((await lost).code).toBe("invalid");
      while (world.client.status === "offline") await world.pass(500);
    }
    expect(world.clock.monotonic()).toBeGreaterThan(10_000);
    expect(world.links).toHaveLength(9);
  });
});
