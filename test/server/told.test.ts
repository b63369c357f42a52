/** What clients are told when something fails. In virtual time. */
import { expect, it } from "vitest";
import { BrokerError } from "../../src/broker/index.js";
import { TidemarkError, stream } from "../../src/server/index.js";
import { World } from "./support/engine.js";

const channels = { "log/:id": stream({ retain: { count: 10 }, presence: true }) };

it("K58: what the broker says goes to the log, once in a while; clients hear that it is unavailable", async () => {
  const secret = "Redis at 10.0.0.7:6379 is out of memory; raise maxmemory or keep less";
  const world = new World(channels, {
    broker: (broker) => {
      const fail = () => Promise.reject(new BrokerError("unavailable", secret));
      return Object.assign(broker, { append: fail, read: fail, follow: fail, join: fail });
    },
  });
  const peer = await world.connect();
  const commands = [
    { publish: "log/a", data: 1, idem: 1 },
    { history: "log/a" },
    { members: "log/a" },
    { subscribe: "log/a" },
  ];
  for (const command of commands) {
    const { error } = await peer.ask(command);
    expect(error).toMatchObject({ code: "unavailable", retry: true });
    expect((error as { message: string }).message).not.toMatch(/redis|memory|10\.0/i);
  }
  const said = (): number =>
    world.log.lines.filter(({ fields }) => (fields["error"] as Error | undefined)?.message === secret).length;
  expect(said()).toBe(4);
  for (let n = 0; n < 50; n++) await peer.ask({ history: "log/a" });
  expect(said()).toBe(4);
  await world.clock.advance(10_000);
  await peer.ask({ history: "log/a" });
  const last = world.log.lines.at(-1);
  expect([said(), last?.fields["more"]]).toEqual([5, 50]);
});

it.each([
  [-5, 50],
  [0, 50],
  [Number.NaN, 50],
  [1500.5, 1501],
  [2 ** 40, 86_400_000],
  [Infinity, 86_400_000],
])("K57: an after of %d is told as %d", async (after, told) => {
  const world = new World(channels, {
    methods: {
      wait: () => {
        throw new TidemarkError("busy", "later", { retry: true, after });
      },
    },
  });
  const peer = await world.connect();
  expect(await peer.ask({ call: "wait" })).toMatchObject({ error: { code: "busy", after: told } });
});

it("K57: who is above its rate is told to wait for 50 ms at least", async () => {
  const world = new World(channels, { limits: { commands: { perSecond: 1000, burst: 1 } } });
  const peer = await world.connect();
  expect(await peer.ask({ call: "none" })).toMatchObject({ error: { code: "rate_limited", after: 50 } });
});
