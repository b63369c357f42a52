/** An app with channels of keys, in virtual time, and another node beside it. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { onTestFinished } from "vitest";
import { createMemoryHub, type Broker, type Change, type SlotsOptions } from "../../../src/broker/index.js";
import { state, stream, tidemark, type StateOptions } from "../../../src/server/index.js";
import { VirtualClock, seededRandom } from "../../../src/testing/index.js";
import { listeningLogger } from "../support/serve.js";

export const CHANNEL = "keys/a";

/** Numbers, as a schema. */
export const NUMBERS: StandardSchemaV1 = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "number" ? { value } : { issues: [{ message: "it must be a number" }] },
  },
};

type Options = StateOptions<null, { readonly id: string }, StandardSchemaV1>;

export interface SetupOptions extends Options {
  /** Puts something between the app and its broker. */
  readonly between?: (broker: Broker) => Broker;
}

export function setup({ between = (broker) => broker, ...options }: SetupOptions = {}) {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const hub = createMemoryHub({ clock, random });
  const log = listeningLogger();
  const channel = state<null, { readonly id: string }, StandardSchemaV1>(options);
  const app = tidemark({ log }).channels({ "keys/:id": channel, "chat/:id": stream() });
  const broker = between(hub.broker());
  const engine = app.runIn({ clock, random, broker });
  onTestFinished(() => app.close());
  const elsewhere = hub.broker();
  const slots = channel.def.slots as SlotsOptions;
  let key = 0;

  /** What a promise comes to, in as much time as it takes. */
  async function after<T>(promise: Promise<T>, ms = 10): Promise<T> {
    const settled = promise.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    await clock.advance(ms);
    return (await settled)();
  }

  return {
    app,
    clock,
    log,
    engine,
    broker,
    elsewhere,
    after,
    keys: app.state(CHANNEL),
    /** Changes the channel as another node does. */
    put: async (values: Readonly<Record<string, unknown>>): Promise<void> => {
      const changes = Object.entries(values).map(([slot, value]): Change => {
        return { slot, data: value === undefined ? undefined : JSON.stringify(value) };
      });
      const draft = { key: { scope: "elsewhere", id: `${++key}`, print: 0 }, changes };
      const [outcome] = (await elsewhere.change(CHANNEL, [draft], slots)) ?? [];
      if (outcome === undefined || "error" in outcome) throw new Error("nothing was changed");
    },
  };
}

/** A broker with some of its calls in another form. */
export function changed(broker: Broker, calls: Partial<Broker>): Broker {
  return new Proxy(broker, {
    get(target, name) {
      const own: unknown = Reflect.get(calls, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
}
