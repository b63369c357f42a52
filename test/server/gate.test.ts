/** Retries must not overtake: what a failed publish does to those behind it. */
import { describe, expect, it } from "vitest";
import { BrokerError, createMemoryHub, type Broker } from "../../src/broker/index.js";
import { stream } from "../../src/server/channels/define.js";
import { ChannelRegistry } from "../../src/server/channels/registry.js";
import type { Link } from "../../src/server/connection/link.js";
import { Gate } from "../../src/server/connection/channels/session.js";
import { Engine } from "../../src/server/engine.js";
import { silentLogger } from "../../src/server/logger.js";
import { DEFAULT_BUDGET, type BudgetOptions } from "../../src/server/delivery/budget.js";
import { DEFAULT_LIMITS } from "../../src/server/options.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";
import { textFrame } from "../../src/testing/text-frame.js";

interface Answer {
  readonly id: number;
  readonly ok?: { offset: number };
  readonly error?: { code: string };
}

/** One connection to an engine, with what it was answered. */
async function connected(
  change: (broker: Broker) => Broker,
  commands: { perSecond: number; burst: number } | false,
) {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const broker = change(createMemoryHub({ clock, random }).broker());
  const budget: BudgetOptions = DEFAULT_BUDGET;
  const registry = new ChannelRegistry([["log/:id", stream<null, unknown>({ retain: { count: 100 } }).def]]);
  const hooks = { authenticate: undefined, onConnect: undefined, onDisconnect: undefined };
  const limits = { ...DEFAULT_LIMITS, commands };
  const engine = new Engine({
    clock,
    random,
    broker,
    log: silentLogger,
    registry,
    methods: new Map(),
    hooks,
    limits,
    budget,
  });
  const answers = new Map<number, Answer>();
  const link: Link = {
    unsent: 0,
    write: (chunks) => chunks.forEach((chunk) => link.writeShared(chunk)),
    writeShared: (chunk) => {
      for (const line of chunk.toText().split("\n")) {
        const value = JSON.parse(line) as Answer;
        if (value.id !== undefined) answers.set(value.id, value);
      }
    },
    whenDrained: (run) => clock.setImmediate(run),
    pause() {},
    resume() {},
    ping() {},
    close() {},
    terminate() {},
  };
  const connection = engine.accept(link, { headers: {}, url: "/", ip: "" });
  const send = async (...lines: object[]): Promise<void> => {
    connection.receiveText(...textFrame(lines.map((line) => JSON.stringify(line)).join("\n")));
    await clock.advance(1);
  };
  const log = async (): Promise<unknown[]> => {
    const page = await broker.read(
      "log/a",
      { after: 0, limit: 100, bytes: 1e6 },
      { keeping: { by: "entries", retain: { count: 100 } }, dedupe: 1e6 },
    );
    return page.entries.map((entry) => JSON.parse(entry.data as string) as unknown);
  };
  await send({ id: 0, connect: { publisher: "0123456789abcdef" } });
  return {
    clock,
    send,
    log,
    code: (id: number) => answers.get(id)?.error?.code ?? (answers.get(id)?.ok ? "ok" : "nothing"),
  };
}

const publish = (n: number, more: object = {}): object => ({
  id: n,
  publish: "log/a",
  data: n,
  idem: n,
  ...more,
});

describe("the gate", () => {
  it("P11: a publish refused for its rate holds back the later ones until it is sent again", async () => {
    const { clock, send, log, code } = await connected((broker) => broker, { perSecond: 10, burst: 3 });
    await send(publish(1, { first: true }), publish(2), publish(3), publish(4));
    expect([1, 2, 3, 4].map(code)).toEqual(["ok", "ok", "rate_limited", "rate_limited"]);
    await clock.advance(1000);
    await send(publish(5));
    expect(code(5)).toBe("aborted");
    await clock.advance(1000);
    await send(publish(3), publish(4), publish(5));
    expect([3, 4, 5].map(code)).toEqual(["ok", "ok", "ok"]);
    expect(await log()).toEqual([1, 2, 3, 4, 5]);
  });

  it("P11: the retry of a later publish does not overtake an earlier one that fails after it", async () => {
    let fail: (() => void) | undefined;
    const { clock, send, log, code } = await connected(
      (broker) => {
        const atOnce = broker.append.bind(broker);
        let calls = 0;
        broker.append = (channel, drafts, options) => {
          if (++calls > 1) return atOnce(channel, drafts, options);
          return new Promise(
            (_, reject) => (fail = () => reject(new BrokerError("unavailable", "no answer"))),
          );
        };
        return broker;
      },
      { perSecond: 10, burst: 2 },
    );
    // The first is on its way to a broker that does not answer; the second is over the rate.
    await send(publish(1, { first: true }), publish(2));
    expect([1, 2].map(code)).toEqual(["nothing", "rate_limited"]);
    await clock.advance(1000);
    await send(publish(2));
    fail?.();
    await clock.advance(1);
    expect([1, 2].map(code)).toEqual(["unavailable", "aborted"]);
    await clock.advance(1000);
    await send(publish(1, { first: true }), publish(2));
    expect(await log()).toEqual([1, 2]);
  });

  it("P11: is opened by the earliest publish that failed, whichever failed first", () => {
    const gate = new Gate();
    const [early, late] = [gate.turn(), gate.turn()];
    expect([gate.shutFor(late, 2), gate.shutFor(early, 1), gate.shutFor(late, 2)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(gate.opensFor(2, false)).toBe(false);
    expect(gate.opensFor(1, false)).toBe(true);
    expect(gate.opensFor(9, true)).toBe(true);
  });
});
