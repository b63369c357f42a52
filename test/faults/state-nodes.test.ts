/**
 * Writers on several nodes, and viewers who are cut off, held up, filtered, tuned, paused and moved to other nodes at random: at
 * rest each has what the log has, and none was ever shown what cannot be.
 */
import { silentLogger, state, tidemark } from "tidemark";
import { createMemoryHub, type Broker } from "tidemark/broker";
import { redisBroker } from "tidemark/broker/redis";
import { connect, type Client } from "tidemark/client";
import { state as stateOf, type StateHandle, type StateOptions } from "tidemark/state";
import { seededRandom } from "tidemark/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { CHANNEL } from "../../bench/faults/state/names.js";
import { readKeys } from "../../bench/faults/state/truth.js";
import { Viewer } from "../../bench/faults/state/viewer.js";
import { Writer } from "../../bench/faults/state/writer.js";
import { RedisServer } from "../../bench/lib/redis-server.js";
import { elapse, until } from "../../bench/lib/wait.js";
import type { Random } from "../../src/protocol/index.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";
import { BadLink } from "./support/bad-link.js";

const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000);
const WRITING_MS = 2500;
/** Of the viewer that nothing is done to, a second. */
const CALM_RATE = 10;

interface Restless {
  readonly viewer: Viewer;
  readonly client: Client;
  readonly handle: StateHandle;
  readonly link: BadLink;
  /** What it comes back to at rest. */
  readonly calm: () => void;
}

const VIEWS: readonly StateOptions[] = [
  {},
  { rate: 20 },
  { prefix: "pair/", rate: 60 },
  { keys: ["pair/w1/left", "pair/w1/right", "sum/0", "sum/1"] },
  { prefix: "log/", window: 1024 },
  { prefix: "sum/" },
  { window: 2048, rate: 30 },
];

class Run {
  readonly problems: string[] = [];
  readonly #random: Random = seededRandom(SEED);
  readonly #ports: number[] = [];
  readonly #restless: Restless[] = [];
  readonly #writers: Writer[] = [];
  readonly #links: BadLink[] = [];

  /** A node on this broker. */
  async node(broker: Broker): Promise<void> {
    const app = tidemark({ broker, log: silentLogger }).channels({
      "keys/:id": state({ graves: { count: 40 } }),
    });
    this.#ports.push((await app.listen({ port: 0, host: "127.0.0.1" })).port);
    onTestFinished(async () => {
      await app.close({ grace: 0 });
      await broker.close();
    });
  }

  async begin(): Promise<void> {
    for (const [i, port] of [...this.#ports, this.#ports[0] ?? 0].entries()) {
      const link = await BadLink.start(port);
      this.#links.push(link);
      const handle = stateOf(this.#connect(link), CHANNEL);
      await handle.ready;
      const writer = new Writer(`w${i}`, handle, this.#random);
      await writer.open();
      this.#writers.push(writer);
    }
    for (const [i, options] of VIEWS.entries()) {
      const link = await BadLink.start(this.#pick(this.#ports));
      this.#links.push(link);
      this.#view(`viewer ${i}`, this.#connect(link), link, options);
    }
    await Promise.all(this.#restless.map(({ handle }) => handle.ready));
  }

  /** Who nothing is done to. */
  async calm(): Promise<Viewer> {
    const link = await BadLink.start(this.#ports[0] ?? 0);
    const handle = stateOf(this.#connect(link), CHANNEL, { rate: CALM_RATE });
    await handle.ready;
    return this.#watching("calm", handle, () => true);
  }

  /** @param steps are done one after the other meanwhile */
  async write(steps: readonly (() => void)[]): Promise<void> {
    let [turn, done] = [0, 0];
    const writing = setInterval(() => void this.#writers[turn++ % this.#writers.length]?.next(), 5);
    onTestFinished(() => clearInterval(writing));
    const end = performance.now() + WRITING_MS;
    while (performance.now() < end) {
      await elapse(10 + this.#random.float() * 30);
      this.#disturb();
      const passed = 1 - (end - performance.now()) / WRITING_MS;
      if (passed > (done + 1) / (steps.length + 1)) steps[done++]?.();
    }
    clearInterval(writing);
    for (const link of this.#links) link.hold(false);
    for (const { calm } of this.#restless) calm();
    await Promise.all(this.#writers.map((writer) => writer.rest()));
    await Promise.all(this.#writers.map((writer) => writer.next()));
  }

  async judge(broker: Broker, calm: Viewer): Promise<void> {
    const truth = await readKeys(broker);
    const viewers = [calm, ...this.#restless.map(({ viewer }) => viewer)];
    const different = (): string[] =>
      viewers.flatMap((viewer) => {
        const difference = viewer.differs(truth);
        return difference === undefined ? [] : [`${viewer.name}: ${difference}`];
      });
    await until("every map to be the log's", () => different().length === 0).catch(() => {});
    expect(different(), `seed ${SEED}`).toEqual([]);
    expect(this.problems, `seed ${SEED}`).toEqual([]);
    expect(truth.size).toBeGreaterThan(20);
    for (const { applied } of viewers) expect(applied, `seed ${SEED}`).toBeGreaterThan(0);
    const rates = viewers.map(({ name, applied }) => `${name} ${Math.round((applied * 1000) / WRITING_MS)}`);
    const gaps = viewers.reduce(
      (sum, viewer) => sum + [...viewer.gaps.values()].reduce((a, b) => a + b, 0),
      0,
    );
    console.log(`seed ${SEED}: keys applied a second: ${rates.join(", ")}; ${gaps} gaps`);
  }

  #view(name: string, client: Client, link: BadLink, options: StateOptions): void {
    const { prefix = "", keys, rate } = options;
    const handle = stateOf(client, CHANNEL, options);
    const wants = (key: string): boolean =>
      keys === undefined ? key.startsWith(prefix) : keys.includes(key);
    const calm = (): void => {
      handle.tune({ rate });
      handle.resume();
    };
    this.#restless.push({ viewer: this.#watching(name, handle, wants), client, handle, link, calm });
  }

  /** Another handle on somebody's channel, which may see more: then that is subscribed to anew. */
  #widen(): void {
    const { client, link } = this.#pick(this.#restless);
    if (this.#restless.length < 2 * VIEWS.length)
      this.#view(`late ${this.#restless.length}`, client, link, this.#pick(VIEWS));
  }

  #watching(name: string, handle: StateHandle, wants: (key: string) => boolean): Viewer {
    return new Viewer(
      { name, handle, wants, isPrompt: false },
      (problem) => void this.problems.push(problem),
    );
  }

  #connect(link: BadLink): Client {
    const client = connect(link.url);
    client.on("error", ({ code, message }) => void this.problems.push(`${code}: ${message}`));
    onTestFinished(() => client.close());
    return client;
  }

  #disturb(): void {
    const { handle, link } = this.#pick(this.#restless);
    const any = this.#pick(this.#links);
    const acts = [
      () => any.cut(),
      () => link.hold(true),
      () => link.hold(false),
      () => this.#links.forEach((one) => one.hold(false)),
      () => handle.tune({ rate: this.#pick([1000, 60, 20, 10, 5]) }),
      () => handle.pause(),
      () => this.#widen(),
      () => this.#restless.forEach((one) => one.handle.resume()),
      () => {
        link.target = this.#pick(this.#ports);
        link.cut();
      },
    ];
    this.#pick(acts)();
  }

  #pick<T>(all: readonly T[]): T {
    const [one] = all.slice(Math.floor(this.#random.float() * all.length));
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }
}

/** @param steps what befalls the broker meanwhile */
async function play(
  nodes: readonly Broker[],
  observer: Broker,
  steps: readonly (() => void)[],
): Promise<void> {
  const run = new Run();
  for (const broker of nodes) await run.node(broker);
  await run.begin();
  const calm = await run.calm();
  const before = calm.told;
  let allowed = 0;
  // As late as everything else is here, where the machine has much to do.
  const ticks = setInterval(() => allowed++, 1000 / CALM_RATE);
  await run.write(steps);
  clearInterval(ticks);
  expect(calm.told - before, `of ${allowed}, seed ${SEED}`).toBeGreaterThanOrEqual(Math.floor(allowed * 0.8));
  await run.judge(observer, calm);
}

test("E2, E5, E10, E11: two nodes on a hub in memory, which loses its end", async () => {
  const hub = createMemoryHub();
  let snapshot = hub.snapshot();
  await play([hub.broker(), hub.broker()], hub.broker(), [
    () => (snapshot = hub.snapshot()),
    () => hub.restore(snapshot),
  ]);
});

describe.skipIf(!hasRedis)("on Redis", () => {
  test("E2, E5, E11: two nodes, whose hints are cut", async () => {
    const redis = await RedisServer.start();
    onTestFinished(() => redis.remove());
    const broker = (): Promise<Broker> => redisBroker({ url: redis.url, onWarning: () => {} });
    const observer = await broker();
    onTestFinished(() => observer.close());
    const cutHints = (): void => void redis.admin.call("client", "kill", "type", "pubsub");
    await play([await broker(), await broker()], observer, [cutHints, cutHints]);
  });
});
