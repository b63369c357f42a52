/** What a peer that does not read, or that asks for what it does not get, may cost. */
import { describe, expect, it } from "vitest";
import { createMemoryHub } from "../../src/broker/index.js";
import { stream, type Channel } from "../../src/server/channels/define.js";
import { method } from "../../src/server/channels/methods.js";
import { ChannelRegistry } from "../../src/server/channels/registry.js";
import { DEFAULT_BUDGET } from "../../src/server/delivery/budget.js";
import type { Link } from "../../src/server/connection/link.js";
import { Engine } from "../../src/server/engine.js";
import { silentLogger } from "../../src/server/logger.js";
import { DEFAULT_LIMITS } from "../../src/server/options.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";
import type { ChannelTypes } from "../../src/protocol/index.js";
import { textFrame } from "../../src/testing/text-frame.js";

type Line = Readonly<Record<string, unknown>>;

/** A transport whose peer reads when the test says so. */
class SlowLink implements Link {
  unsent = 0;
  readonly lines: unknown[] = [];
  readonly #clock: VirtualClock;
  #drained: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** The peer has read everything. */
  drain(): void {
    this.unsent = 0;
    for (const run of this.#drained.splice(0)) this.#clock.setImmediate(run);
  }

  write(chunks: Parameters<Link["write"]>[0]): void {
    for (const chunk of chunks) this.writeShared(chunk);
  }

  writeShared(chunk: Parameters<Link["writeShared"]>[0]): void {
    for (const line of chunk.toText().split("\n")) this.lines.push(JSON.parse(line));
  }

  whenDrained(run: () => void): void {
    this.#drained.push(run);
  }

  pause(): void {}
  resume(): void {}
  ping(): void {}
  close(): void {}
  terminate(): void {}
}

function served(channel: object) {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const { def } = channel as Channel<null, never, ChannelTypes>;
  const engine = new Engine({
    clock,
    random,
    broker: createMemoryHub({ clock, random }).broker(),
    log: silentLogger,
    registry: new ChannelRegistry([["a/:id", def]]),
    methods: new Map([["text", method({ run: (length) => "あ".repeat(length as number) }).def]]),
    hooks: { authenticate: undefined, onConnect: undefined, onDisconnect: undefined },
    limits: DEFAULT_LIMITS,
    budget: DEFAULT_BUDGET,
  });
  const open = async (publisher: string) => {
    const link = new SlowLink(clock);
    const connection = engine.accept(link, { headers: {}, url: "/", ip: "" });
    const send = async (...lines: Line[]): Promise<void> => {
      connection.receiveText(...textFrame(lines.map((line) => JSON.stringify(line)).join("\n")));
      await clock.advance(1);
    };
    await send({ id: 0, connect: { publisher } });
    link.lines.length = 0;
    return { connection, link, send };
  };
  return { clock, open };
}

const SECRET = "0123456789abcdef";

describe("a large answer", () => {
  it("F13: waits for room where it does not fit yet, and the event loop goes on", async () => {
    const { clock, open } = served(stream({ retain: { count: 10 } }));
    const { link, send } = await open(SECRET);
    await send({ publish: "a/1", data: "x".repeat(DEFAULT_LIMITS.message - 2) });
    // Less than half of the cap is taken, and yet too much for this.
    link.unsent = DEFAULT_BUDGET.perConnection / 2;
    await send({ id: 1, history: "a/1" });
    expect(link.lines).toEqual([]);
    link.drain();
    await clock.advance(1);
    expect(link.lines).toEqual([
      { id: 1, ok: { entries: [expect.anything()], complete: true, more: false } },
    ]);
  });

  it("A7: is too_large when it is over the limit in bytes, however few characters that are", async () => {
    const { link, send } = await served(stream()).open(SECRET);
    await send({ id: 1, call: "text", data: DEFAULT_LIMITS.message / 2 });
    expect(link.lines).toMatchObject([{ id: 1, error: { code: "too_large" } }]);
    await send({ id: 2, call: "text", data: DEFAULT_LIMITS.message / 4 });
    expect(link.lines).toHaveLength(2);
  });

  it("W12: is not sent to who gave no id", async () => {
    const { link, send } = await served(stream({ presence: true })).open(SECRET);
    await send({ history: "a/1" }, { members: "a/1" }, { call: "text", data: 2000 });
    expect(link.lines).toEqual([]);
    await send({ history: "b" }, { members: "b" }, { call: "b" });
    expect(link.lines).toMatchObject(Array.from({ length: 3 }, () => ({ error: { code: "not_found" } })));
  });
});

describe("a connection", () => {
  it("S9, K16: remembers nothing of channels that it was refused after some time", async () => {
    const { connection, link, send } = await served(stream({ allow: () => Promise.resolve(false) })).open(
      SECRET,
    );
    await send(
      { id: 1, subscribe: "a/1" },
      { id: 2, publish: "a/2", data: 0 },
      { id: 3, publish: "a/3", data: 0, idem: 1 },
    );
    expect(link.lines).toHaveLength(3);
    for (const line of link.lines) expect(line).toMatchObject({ error: { code: "forbidden" } });
    expect(connection.sessions.size).toBe(0);
  });

  it("K16: remembers nothing of channels that it published to", async () => {
    const { connection, link, send } = await served(
      stream({ onPublish: ({ data }) => Promise.resolve(data) }),
    ).open(SECRET);
    await send(
      { id: 1, publish: "a/1", data: 0 },
      { id: 2, publish: "a/1", data: 0 },
      { id: 3, publish: "a/2", data: 0 },
    );
    expect(link.lines).toHaveLength(3);
    expect(connection.sessions.size).toBe(0);
  });
});

describe("presence, for a peer that does not read", () => {
  it("M9, G6: is told once that the list is out of date, however much it missed", async () => {
    const { clock, open } = served(stream({ presence: true }));
    const slow = await open(SECRET);
    await slow.send({ id: 1, subscribe: "a/1" });
    slow.link.unsent = DEFAULT_BUDGET.perConnection;
    slow.link.lines.length = 0;
    const other = await open("another publisher");
    for (let id = 1; id < 9; id += 2)
      await other.send({ id, subscribe: "a/1" }, { id: id + 1, unsubscribe: "a/1" });
    await other.send({ id: 9, subscribe: "a/1" });
    slow.link.drain();
    await clock.advance(1);
    expect(slow.link.lines).toEqual([{ event: "members", ch: 1, version: expect.any(Number) }]);
    slow.link.lines.length = 0;
    await other.send({ id: 10, unsubscribe: "a/1" });
    expect(slow.link.lines).toMatchObject([{ event: "leave" }]);
  });

  it("S2: says nothing after the ok of its unsubscribe", async () => {
    const { clock, open } = served(stream({ presence: true }));
    const slow = await open(SECRET);
    const other = await open("another publisher");
    await slow.send({ id: 1, subscribe: "a/1" });
    slow.link.unsent = DEFAULT_BUDGET.perConnection;
    await other.send({ id: 1, subscribe: "a/1" });
    slow.link.lines.length = 0;
    // It is carried out as soon as there is room: before or after what was missed, but nothing follows its ok.
    await slow.send({ id: 2, unsubscribe: "a/1" });
    slow.link.drain();
    await clock.advance(1);
    expect(slow.link.lines.at(-1)).toEqual({ id: 2, ok: {} });
  });
});

describe("a stream that keeps nothing", () => {
  it("C17: has no last messages, also not those that the node still holds", async () => {
    const { open } = served(stream());
    const reader = await open(SECRET);
    const other = await open("another publisher");
    await reader.send({ id: 1, subscribe: "a/1" });
    await reader.send({ id: 2, publish: "a/1", data: 1 }, { id: 3, publish: "a/1", data: 2 });
    await other.send({ id: 1, subscribe: "a/1", last: 1 });
    await reader.send({ id: 4, publish: "a/1", data: 3 });
    expect(other.link.lines).toMatchObject([{ id: 1, ok: { complete: false } }, [1, expect.any(Number), 3]]);
  });
});
