/** Messages of several parts over HTTP, in virtual time. */
import { describe, expect, test } from "vitest";
import { stream } from "tidemark";
import { unsubscribeByServer } from "../../src/server/connection/channels/subscribe.js";
import { World } from "../server/support/engine.js";
import { assemble, digestOf, evict, payload } from "../server/support/parts.js";
import { readAll, requests, type Answer } from "./support/answers.js";
import { eventsOf } from "./support/events.js";

const LARGE = payload(1_000_000);
const DIGEST = digestOf(LARGE);
const CONNECT = { id: 1, connect: { subs: { "log/a": {}, "log/b": {} } } };
/** A line that ends an answer in good order. */
const GOOD_END = {};

function setup(options: Parameters<typeof stream>[0] = { retain: { count: 1000 } }) {
  const world = new World({ "log/:id": stream(options) }, { limits: { commands: false } });
  return { world, request: requests(world) };
}

const dataOf = (answer: Answer): unknown[] => assemble(answer.lines).messages.map(({ data }) => data);

describe("a poll", () => {
  test("H47: that began a message brings all of it, and begins no other one", async () => {
    const { world, request } = setup();
    const poll = await request("POST", "/poll", [CONNECT], { stuck: true });
    expect(poll.lines).toMatchObject([{ id: 1 }]);
    poll.drain();
    await world.append("log/a", LARGE);
    await world.clock.settle();
    expect(assemble(poll.lines)).toMatchObject({ messages: [], open: 1 });
    await world.append("log/b", '"small"');
    await world.append("log/b", LARGE);
    await world.append("log/a", LARGE);
    await world.clock.settle();
    expect(poll.ended).toBe(false);
    await readAll(world, poll);
    expect(poll.ended).toBe(true);
    expect(poll.lines.at(-1)).toEqual(GOOD_END);
    expect(assemble(poll.lines).open).toBe(0);
    expect(dataOf(poll)).toEqual(["small", DIGEST]);
    expect(poll.mostUnsent).toBeLessThanOrEqual(128 * 1024);
  });

  test("H47: after another brings a log of small and large ones, each message once and whole", async () => {
    const { world, request } = setup();
    for (const n of [1, 2, 3]) {
      await world.append("log/a", `${n}`);
      await world.append("log/a", payload(100_000 + n, n));
    }
    const got: unknown[] = [];
    let cursor: object = { last: 6 };
    while (got.length < 6) {
      const poll = await request("POST", "/poll", [{ id: 1, connect: { subs: { "log/a": cursor } } }]);
      const { messages, open } = assemble(poll.lines);
      expect([poll.ended, open]).toEqual([true, 0]);
      expect(messages.length).toBeGreaterThan(0);
      const [answer] = poll.lines as { ok: { subs: Record<string, { cursor: string }> } }[];
      const epoch = answer?.ok.subs["log/a"]?.cursor.split(":")[0] ?? "";
      cursor = { cursor: `${epoch}:${messages.at(-1)?.offset}` };
      got.push(...messages.map(({ data }) => data));
    }
    expect(got).toEqual([1, 2, 3].flatMap((n) => [n, digestOf(payload(100_000 + n, n))]));
  });

  test("H47: whose time is up in the middle ends with the message", async () => {
    const { world, request } = setup();
    const poll = await request("POST", "/poll?wait=1000", [CONNECT], { stuck: true });
    poll.drain();
    await world.append("log/a", LARGE);
    await world.clock.advance(5000);
    expect(poll.ended).toBe(false);
    await readAll(world, poll);
    expect(dataOf(poll)).toEqual([DIGEST]);
    expect([poll.ended, poll.lines.at(-1)]).toEqual([true, GOOD_END]);
  });
});

describe("a stream", () => {
  test("H48: whose time is up in the middle ends with the message, and begins none", async () => {
    const { world, request } = setup();
    const answer = await request("POST", "/stream", [CONNECT]);
    await world.clock.advance(80_000);
    answer.stuck = true;
    await world.append("log/a", LARGE);
    await world.clock.settle();
    for (let second = 0; second < 45; second++) {
      // It reads, but very slowly.
      if (second % 5 === 0) answer.drain();
      await world.clock.advance(1000);
    }
    await world.append("log/b", LARGE);
    expect(answer.ended).toBe(false);
    await readAll(world, answer);
    expect([answer.ended, answer.lines.at(-1)]).toEqual([true, GOOD_END]);
    expect(assemble(answer.lines)).toMatchObject({ messages: [{ ch: 1, data: DIGEST }], open: 0 });
  });

  test("H48: waits for the rest for as long again, and no longer", async () => {
    const world = new World({ "log/:id": stream({ retain: { count: 1000 } }) });
    const answer = await requests(world, { stream: 10_000 })("POST", "/stream", [CONNECT]);
    answer.stuck = true;
    await world.append("log/a", LARGE);
    await world.clock.advance(10_000);
    expect(answer.ended).toBe(false);
    await world.clock.advance(10_000);
    expect(answer.ended).toBe(true);
    expect(assemble(answer.lines).open).toBe(1);
  });

  test("H48, H40: is let come to the end of its message by a server that stops", async () => {
    const { world, request } = setup();
    const answer = await request("POST", "/stream", [CONNECT]);
    answer.stuck = true;
    await world.append("log/a", LARGE);
    await world.clock.settle();
    const drain = world.engine.drain(30_000, "stopping");
    await world.clock.advance(5000);
    expect(answer.ended).toBe(false);
    await readAll(world, answer);
    expect([answer.ended, answer.lines.at(-1)]).toEqual([true, GOOD_END]);
    expect(dataOf(answer)).toEqual([DIGEST]);
    await world.clock.advance(200);
    await drain.done;
  });

  test("H48: ends at once where nothing is in the middle", async () => {
    const { world, request } = setup();
    const answer = await request("POST", "/stream", [CONNECT]);
    await world.append("log/a", LARGE);
    await world.clock.advance(120_000);
    expect(answer.ended).toBe(true);
    expect(dataOf(answer)).toEqual([DIGEST]);
    expect(world.engine.connections.size).toBe(0);
  });
});

describe("an event stream", () => {
  const open = async (options: Parameters<typeof stream>[0] = { retain: { count: 1000 } }) => {
    const { world, request } = setup(options);
    const answer = await request("GET", "/sse?channel=log/a");
    return { world, request, answer };
  };

  /** Its data: of each line in turn, put together. */
  const bytesIn = (text: string): string =>
    digestOf(
      Buffer.concat(
        [...text.matchAll(/^data: (\{"base64".*)$/gm)].map(([, json = ""]) =>
          Buffer.from((JSON.parse(json) as { base64: string }).base64, "base64"),
        ),
      ),
    );

  test("H49: has a message of several parts as one event, a line of data for each, and then its id", async () => {
    const { world, answer } = await open();
    answer.text = "";
    const data = payload(100_000);
    const offset = await world.append("log/a", data, 1000, '{"from":"ann"}');
    await world.append("log/a", "2");
    await world.clock.settle();
    const [event = "", next = ""] = answer.text.split("\n\n");
    const lines = event.split("\n");
    expect(lines.map((line) => line.replace(/"base64":"[^"]*",/, ""))).toEqual([
      'data: {"from":"ann","part":0,"more":true}',
      'data: {"part":1,"more":true}',
      'data: {"part":2,"more":true}',
      'data: {"part":3}',
      expect.stringMatching(new RegExp(`^id: \\w+:${offset}$`)),
    ]);
    expect(bytesIn(event)).toBe(digestOf(data));
    expect(next).toMatch(/^id: .*\ndata: \{"data":2\}$/);
  });

  test("H49: has pings within it, and who comes and goes behind it", async () => {
    const { world, answer } = await open({ retain: { count: 1000 }, presence: true });
    answer.text = "";
    answer.stuck = true;
    await world.append("log/a", LARGE);
    await world.clock.settle();
    for (let i = 0; i < 6; i++) {
      const other = await world.connect({ publisher: `${i}`.repeat(16) });
      await other.ask({ subscribe: "log/a" });
      answer.drain();
      await world.clock.advance(10_000);
    }
    expect(answer.text).toContain("\n:\n");
    await readAll(world, answer);
    const [event = "", ...others] = answer.text.replaceAll(/^:\n/gm, "").split("\n\n");
    expect(event).toMatch(/\nid: .+$/);
    expect(bytesIn(event)).toBe(DIGEST);
    expect(eventsOf(others.join("\n\n")).map(({ name }) => name)).toEqual(Array(6).fill("join"));
  });

  test("H49: keeps 16 KiB of other events for the end, and then says that they are to be asked for", async () => {
    const { world, answer } = await open({
      retain: { count: 1000 },
      presence: () => "x".repeat(2000),
    });
    answer.text = "";
    answer.stuck = true;
    await world.append("log/a", LARGE);
    await world.clock.settle();
    for (let i = 0; i < 9; i++) {
      const other = await world.connect({ publisher: `${i}`.repeat(16) });
      await other.ask({ subscribe: "log/a" });
    }
    await readAll(world, answer);
    const events = eventsOf(answer.text.slice(answer.text.indexOf("\n\n") + 2));
    expect(events.map(({ name }) => name)).toContain("members");
    expect(events.map(({ name }) => name).filter((name) => name === "join").length).toBeLessThan(9);
  });

  test("H49: ends without its end where it has to close, so that no browser takes it for whole", async () => {
    const { world, answer } = await open();
    answer.stuck = true;
    await world.append("log/a", LARGE);
    await world.clock.settle();
    world.engine.close("stopping");
    answer.drain();
    await world.clock.settle();
    expect(answer.ended).toBe(true);
    expect(answer.text.endsWith('"more":true}\n')).toBe(true);
    expect(answer.text).not.toContain("event: close");
  });

  test.each([
    ["a gap takes its place", "gap"],
    ["the server unsubscribes it", "unsubscribed"],
  ] as const)(
    "H49: ends without its end where %s; it is asked again from its last id",
    async (_what, how) => {
      const world = new World(
        { "log/:id": stream({ retain: { count: 1 } }) },
        { limits: { commands: false } },
      );
      const request = requests(world);
      const answer = await request("GET", "/sse?channel=log/a");
      answer.stuck = true;
      await world.append("log/a", LARGE, 1);
      await world.clock.settle();
      if (how === "gap") {
        await world.append("log/a", "2", 1);
        await world.append("log/a", "3", 1);
        await world.clock.settle();
        evict(world);
      } else {
        const [connection] = world.engine.connections;
        if (connection !== undefined) unsubscribeByServer(connection, "log/a", "forbidden", "no more");
      }
      await readAll(world, answer);
      expect(answer.ended).toBe(true);
      expect(answer.text.endsWith('"more":true}\n')).toBe(true);
      expect(world.engine.connections.size).toBe(0);
      const [, id = ""] = /^id: (.+)$/m.exec(answer.text) ?? [];
      const again = await request("GET", "/sse?channel=log/a", [], { headers: { "last-event-id": id } });
      await readAll(world, again);
      const events = eventsOf(again.text);
      if (how === "gap") expect(events.map(({ name }) => name)).toEqual(["subscribed", "gap", "message"]);
      else expect(bytesIn(again.text)).toBe(DIGEST);
    },
  );
});

describe("what is sent", () => {
  test("F13: is answered with a history of large messages part by part, as it is read", async () => {
    const { world, request } = setup();
    await world.append("log/a", LARGE);
    const answer = await request("POST", "/send", [{ connect: {} }, { id: 2, history: "log/a" }], {
      stuck: true,
    });
    expect(answer.ended).toBe(false);
    evict(world);
    await readAll(world, answer);
    expect(answer.lines.at(-1)).toEqual(GOOD_END);
    const parts = answer.lines.slice(0, -1) as { id: number; part: number; content: Uint8Array }[];
    expect(parts.map(({ id, part }) => [id, part])).toEqual(parts.map((_, i) => [2, i]));
    expect(digestOf(Buffer.concat(parts.map(({ content }) => content)))).toBe(DIGEST);
    expect(answer.mostUnsent).toBeLessThanOrEqual(128 * 1024);
  });
});
