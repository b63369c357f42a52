/** State channels on a server without sockets, whose broker a test may hold up. */
import type { Broker } from "../../../src/broker/index.js";
import type { StateOptions } from "../../../src/server/channels/define-state.js";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CHANNEL, setup, type Setup } from "../slots/support.js";
import type { Peer, WorldOptions } from "../support/engine.js";

export { CHANNEL } from "../slots/support.js";

export type Options = StateOptions<
  { readonly id: string },
  Readonly<Record<string, string>>,
  StandardSchemaV1
>;

/** What stands between the server and its broker. */
export class Counted {
  reads = 0;
  /** How many drafts each append had. */
  readonly appends: number[] = [];
  /** Called before each append. */
  before: (() => Promise<void> | void) | undefined;
  /** Called before what slots hold is read. */
  beforeRead: (() => void) | undefined;

  wrap(broker: Broker): Broker {
    return new Proxy(broker, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const method = value as (...args: unknown[]) => unknown;
        if (name === "readSlots")
          return (...args: unknown[]) => {
            if ("slots" in (args[1] as object)) {
              this.reads++;
              this.beforeRead?.();
            }
            return method.apply(target, args);
          };
        if (name === "change")
          return async (...args: unknown[]) => {
            this.appends.push((args[1] as unknown[]).length);
            await this.before?.();
            return method.apply(target, args);
          };
        return method.bind(target);
      },
    });
  }
}

export interface StateSetup extends Setup {
  readonly broker: Counted;
  /** A client, by name. */
  readonly client: (user?: string) => Promise<Publisher>;
  /** What the channel holds. */
  readonly held: () => Promise<Readonly<Record<string, unknown>>>;
}

export interface Publisher {
  readonly peer: Peer;
  /** Publishes, and lets everything run that needs no time. */
  readonly publish: (data: unknown, more?: object) => Promise<Record<string, unknown>>;
  /** Publishes several, all in one frame; gives their answers in the order in which they came. */
  readonly all: (...data: readonly unknown[]) => Promise<Record<string, unknown>[]>;
}

export function stateSetup(options: Options = {}, more: WorldOptions = {}): StateSetup {
  const broker = new Counted();
  const all = setup(options as never, {
    ...more,
    broker: (inner) => broker.wrap(inner),
    hooks: {
      authenticate: ({ token }) => (token === undefined ? { id: "nobody" } : { id: token }),
      ...more.hooks,
    },
  });
  return {
    ...all,
    broker,
    async client(user = "ann") {
      const peer = await all.world.connect({ token: user });
      return {
        peer,
        publish: (data, extra = {}) => peer.ask({ publish: CHANNEL, data, ...extra }),
        async all(...data) {
          peer.send(...data.map((one, id) => ({ id, publish: CHANNEL, data: one })));
          await all.world.clock.settle();
          const answers = peer.lines.filter((line) => "id" in line) as unknown as Record<string, unknown>[];
          return answers;
        },
      };
    },
    async held() {
      const page = await all.world.elsewhere.readSlots(
        CHANNEL,
        { after: 0, limit: 10_000, bytes: 10_000_000 },
        all.options,
      );
      const changes = page?.entries.flatMap((entry) => entry.changes ?? []) ?? [];
      return Object.fromEntries(
        changes
          .filter(({ data }) => data !== undefined)
          .map(({ slot, data }) => [slot, JSON.parse(data as string) as unknown]),
      );
    },
  };
}
