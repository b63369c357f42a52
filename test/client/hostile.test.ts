/** Whatever a server says, a client does not ask in a loop, and its timers are none that a browser rings at once. */
import { realClock, type Clock } from "../../src/protocol/index.js";
import { chunksAtHand } from "../../src/client/chunks-at-hand.js";
import { connectIn } from "../../src/client/client.js";
import { realEnvironment } from "../../src/client/real-platform.js";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Answer } from "../../src/client/transports/http-answer.js";
import { httpTransport } from "../../src/client/transports/http.js";
import { VirtualClock } from "tidemark/testing";
import { World, outcome, streamAt, type Link, type Sent } from "./world.js";

/** A clock as browsers have it: a wait of more than 2^31 - 1 milliseconds, or of none, is over at once. */
const ofBrowsers = (clock: Clock): Clock => ({
  ...realClock,
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  setImmediate: (run) => clock.setImmediate(run),
  setTimeout: (run, ms) => clock.setTimeout(run, ms > 0 && ms < 2 ** 31 ? ms : 0),
  clearTimeout: (timer) => clock.clearTimeout(timer),
});

const welcome = (link: Link, { id }: Sent, more: object = {}): void =>
  link.say({ id, ok: { client: "c", durability: "memory", ping: 25_000, ...more } });
const later = (link: Link, { id }: Sent, after: unknown): void =>
  link.sayText(
    `{"id":${id},"error":{"code":"unavailable","message":"","retry":true,"after":${String(after)}}}`,
  );
const leave = (link: Link, after: number | string | undefined): void => {
  link.sayText(after === undefined ? '{"event":"goaway"}' : `{"event":"goaway","after":${after}}`);
};

/** What a server does with a command, on a link that is open. */
const HOSTILE: readonly (readonly [string, (link: Link, command: Sent) => void])[] = [
  ...[0, -1, "null", '"soon"', 1, 2 ** 31, 1e15, "1e999"].map(
    (after) =>
      [
        `refuses connect, after ${after}`,
        (link: Link, command: Sent) => later(link, command, after),
      ] as const,
  ),
  ...[undefined, 0, -1, '"now"', 1, 2 ** 31, "1e999"].map(
    (after) =>
      [
        `says goaway, after ${String(after)}`,
        (link: Link, command: Sent) => {
          if (!("connect" in command)) return later(link, command, 1000);
          welcome(link, command, { subs: { a: streamAt(1, 0) } });
          leave(link, after);
        },
      ] as const,
  ),
  ...[0, -1, 1, 2 ** 31, "1e999"].map(
    (after) =>
      [
        `refuses what is published, after ${after}`,
        (link: Link, command: Sent) => {
          if ("connect" in command) welcome(link, command, { subs: { a: streamAt(1, 0) } });
          else later(link, command, after);
        },
      ] as const,
  ),
  ...[0, -1, 2 ** 31].map(
    (after) =>
      [
        `refuses what is subscribed to, after ${after}`,
        (link: Link, command: Sent) => {
          const error = { code: "unavailable", message: "", retry: true, after };
          if ("connect" in command) welcome(link, command, { subs: { a: { error } } });
          else later(link, command, after);
        },
      ] as const,
  ),
  ...[0, -1, "null", 5].map(
    (expires) =>
      [
        `says that tokens expire in ${expires}`,
        (link: Link, command: Sent) => {
          const ok = `{"client":"c","durability":"memory","ping":25000,"expires":${expires}}`;
          link.sayText(`{"id":${command.id},"ok":${ok}}`);
        },
      ] as const,
  ),
  ...[-100_000, 0].map(
    (ping) =>
      [
        `says that it pings every ${ping} ms`,
        (link: Link, command: Sent) => "connect" in command && welcome(link, command, { ping }),
      ] as const,
  ),
  ...[1000, 1006, 1011, 4000, 4004, 4005, 4499].map(
    (code) => [`closes with ${code}`, (link: Link) => link.cut(code)] as const,
  ),
  [
    "has no room for members",
    (link, command) => {
      if ("connect" in command) welcome(link, command, { subs: { a: streamAt(1, 0, { presence: true }) } });
      else later(link, command, 0);
    },
  ],
];

test.each(HOSTILE)("N38: a server that %s is asked a bounded number of times", async (_, act) => {
  let tokens = 0;
  const world = new World({ token: () => `t${++tokens}` }, 1, ofBrowsers);
  world.client.on("error", () => {});
  const chat = world.client.stream("a");
  chat.on("error", () => {});
  chat.publish("x").catch(() => {});
  let commands = 0;
  let seen = 0;
  for (let step = 0; step < 600 && commands < 1000; step++) {
    for (; seen < world.links.length; seen++) {
      world.links[seen]?.open();
      await world.settle();
    }
    for (const command of world.links.at(-1)?.take() ?? []) {
      commands++;
      act(world.link, command);
    }
    await world.pass(10);
    if (world.link.closed && world.client.status === "closed") break;
  }
  // In six seconds. What a server says is at least five milliseconds, and most of it makes for more and more.
  expect(world.links.length).toBeLessThan(25);
  expect(commands).toBeLessThan(60);
});

test.each([2 ** 31, 2 ** 40])("N38: a wait of %d ms is waited for, a day at most", async (after) => {
  const world = new World({}, 1, ofBrowsers);
  const { id } = await world.shakeHands();
  world.link.say({ id, error: { code: "unavailable", message: "", retry: true, after } });
  await world.pass(86_399_000);
  expect(world.links).toHaveLength(1);
  await world.pass(1000);
  expect(world.links).toHaveLength(2);
});

test("N38: polls that end at once with nothing to say do not follow each other at once", async () => {
  const clock = new VirtualClock();
  let polls = 0;
  const answer = (): Answer => {
    const parts = ['{"id":1,"ok":{"client":"c","ping":8000}}\n\n{}\n'].map((text) => Buffer.from(text));
    const read = async () => ({ done: parts.length === 0, value: parts.shift() });
    return {
      status: 200,
      headers: new Headers({ "content-type": "application/x-ndjson" }),
      body: { getReader: () => ({ read }) },
    };
  };
  const transport = httpTransport(
    "ws://server/connect",
    {
      open: () => transport.send('{"id":1,"connect":{}}'),
      frame: () => {},
      over: () => polls < 1000 && transport.send('{"id":1,"connect":{}}'),
      idle: () => {},
      better: () => {},
      close: () => {},
    },
    "poll",
    undefined,
    {
      fetch: () => (polls++, Promise.resolve(answer())),
      performance: { now: () => clock.monotonic() },
      setTimeout: (run, ms) => clock.setTimeout(run, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
  );
  await clock.advance(10_000);
  expect(polls).toBeGreaterThan(5);
  expect(polls).toBeLessThan(15);
  transport.close();
});

test("N38: options beyond what the platform's timers can wait for do not ring at once", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let links = 0;
  const client = connectIn(
    {
      ...realEnvironment,
      transport: () => {
        links++;
        return { send: () => {}, close: () => {} };
      },
    },
    chunksAtHand,
    "ws://server/connect",
    { connectTimeout: Infinity, callTimeout: 2 ** 40, transports: ["websocket"] },
  );
  client.on("error", () => {});
  const call = outcome(client.call("never"));
  await vi.advanceTimersByTimeAsync(60_000);
  client.close();
  expect([links, call.value]).toEqual([1, "pending"]);
});
