/**
 * The server that is attacked, in a process of its own: an app whose hooks are slow, throw anything and return what they
 * must not, for everybody but those whose token begins with "good".
 */
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { method, stream, tidemark, transient, TidemarkError, type Logger } from "tidemark";
import { BrokerError, createMemoryHub, type Broker } from "tidemark/broker";
import { localBroker } from "tidemark/broker/local";
import { redisBroker } from "tidemark/broker/redis";
import { Dice } from "./dice.js";

export interface ServerOptions {
  readonly broker: "memory" | "local" | "redis";
  readonly seed: number;
  /** Where the logs are: a folder, or the URL of Redis. */
  readonly at: string;
}

/** What the process tells. */
export type Report =
  | { readonly is: "listening"; readonly port: number; readonly http2: number }
  | { readonly is: "failure"; readonly text: string }
  | { readonly is: "counts"; readonly counts: Readonly<Record<string, number>> };

/** What the guards of the server say. With hooks and brokers that only reject, each is a mistake of the server's. */
const GUARDED = /^(the server failed at|something failed in the server)/;

const options = JSON.parse(process.argv[2] ?? "{}") as ServerOptions;
const dice = new Dice(options.seed);
const counts: Record<string, number> = {};

function count(what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

function report(what: Report): void {
  if (process.connected) process.send?.(what);
}

function fail(kind: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
  report({ is: "failure", text: `${kind}: ${text}` });
}

for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => fail(event, error));
process.on("disconnect", () => process.exit(0));

const circular: unknown[] = [];
circular.push(circular);
/** What hooks throw. */
const THROWN: readonly [unknown, ...unknown[]] = [
  new Error("odd"),
  new TidemarkError("odd", "odd", { issues: circular as never }),
  new TidemarkError("odd", "odd", { retry: true, after: 5 }),
  new TidemarkError("unavailable", "not now"),
  undefined,
  7n,
  circular,
  "text",
  Object.create(null),
];

const isGood = (user: { id?: string } | null): boolean => user?.id?.startsWith("good") === true;

/** Takes its time, and throws now and then. */
function odd<T>(hook: string, value: T): T | Promise<T> {
  if (dice.rarely(30)) {
    count(`${hook} threw`);
    throw dice.of(THROWN);
  }
  if (!dice.rarely(3)) return value;
  return new Promise((resolve, reject) => {
    count(`${hook} waited`);
    const fails = dice.rarely(10);
    setTimeout(() => (fails ? reject(dice.of(THROWN) as Error) : resolve(value)), dice.below(1500));
  });
}

const log: Logger = {
  info() {},
  warn: () => count("warnings"),
  error(fields, message) {
    count("errors in the log");
    if (GUARDED.test(message)) fail("a guard", fields["error"]);
    if (dice.rarely(10)) throw new Error("the logger is odd, too");
  },
};

type Disk = "whole" | "full";
let disk: Disk = "whole";
let whole: Broker | undefined;

/** The broker, whose writes fail while the disk is full. */
async function openBroker(): Promise<Broker> {
  const { broker: kind, at } = options;
  if (kind === "redis") return redisBroker({ url: at, onWarning: () => {} });
  const hub = kind === "memory" ? createMemoryHub() : undefined;
  const real = hub?.broker() ?? (await localBroker({ dir: at }));
  whole = hub?.broker();
  return new Proxy(real, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== "function") return found;
      return (...args: unknown[]): unknown => {
        if (disk === "full" && (name === "append" || name === "join")) {
          count("writes to a full disk");
          return Promise.reject(new BrokerError("unavailable", "no space left on device"));
        }
        return Reflect.apply(found, target, args);
      };
    },
  });
}

const broker = await openBroker();
const app = tidemark<{ id?: string } | null>({
  broker,
  log,
  limits: { ping: 1000, binary: 512 * 1024, connectTimeout: 2000, connects: false },
  http: { poll: 3000, stream: 4000 },
  apiKey: "a-key-for-backends-0123456789",
  authenticate: ({ token }) => {
    if (token?.startsWith("good") === true) return { id: token };
    return odd("authenticate", token === undefined ? null : { id: token });
  },
  subscriptions: ({ user }) => {
    if (isGood(user) || !dice.rarely(30)) return [];
    count("subscriptions returned nonsense");
    return dice.of<unknown>([7, {}, [7], ["odd/given"], ["none/x"], "odd/x"]) as string[];
  },
  onConnect: ({ user }) => (isGood(user) ? undefined : odd("onConnect", undefined)),
  onDisconnect: ({ user }) => (isGood(user) ? undefined : odd("onDisconnect", undefined)),
})
  .channels({
    "good/:id": stream({ retain: { count: 1000 } }),
    "chat/:id": stream({ retain: { count: 50 }, presence: true, sender: true }),
    "refused/:id": stream({ allow: () => false }),
    "odd/:id": stream({
      retain: { count: 10 },
      presence: () => (dice.rarely(5) ? dice.of<unknown>([circular, 7n, "odd"]) : { odd: true }),
      presenceGrace: 200,
      allow: () => odd("allow", true),
      onPublish: ({ data }) => odd("onPublish", data),
    }),
    "now/:id": transient({ allow: () => odd("allow", true) }),
  })
  .methods({
    echo: method({ run: (input) => input }),
    odd: method({ run: (input) => odd<unknown>("method", dice.rarely(5) ? 7n : input) }),
    /** Everybody of that name has to go: a storm of disconnects. */
    kick: method({
      run: (_input) => {
        count("kicked");
        void app.disconnect(`odd${dice.below(5)}`, "kicked").catch(() => count("kick failed"));
        return "ok";
      },
    }),
    move: method({
      run: async (_input) => {
        const user = app.user(`odd${dice.below(5)}`);
        try {
          if (dice.rarely(2)) await user.subscribe("chat/moved");
          else await user.unsubscribe("chat/moved");
        } catch {
          count("move failed");
        }
      },
    }),
  });

const { port } = await app.listen({ port: 0, host: "127.0.0.1" });

const http2 = createServer();
http2.on("sessionError", () => count("HTTP/2 sessions that broke"));
http2.listen(0, "127.0.0.1");
await new Promise((resolve) => http2.once("listening", resolve));
app.attach(http2);
report({ is: "listening", port, http2: (http2.address() as AddressInfo).port });

/** A rolling restart in one process: everybody is told to move, and comes back to the same port. */
async function restart(): Promise<void> {
  count("drains");
  await app.close({ grace: dice.rarely(3) ? 0 : 100 + dice.below(900), handOver: dice.rarely(2) });
  app.attach(http2);
  for (;;) {
    try {
      await app.listen({ port, host: "127.0.0.1" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

let restarting = false;
setInterval(() => {
  disk = disk === "whole" && dice.rarely(4) ? "full" : "whole";
  if (dice.rarely(3)) {
    const texts = [
      "user {",
      "count? {}",
      "count! null",
      'user {"user":"odd1","do":"nothing"}',
      "what?",
    ] as const;
    whole?.send("*", dice.of(texts)).catch(() => count("texts that could not be sent"));
  }
  // Seldom enough for the good client to be back before the next one: it waits longer after each try that failed.
  if (restarting || !dice.rarely(50)) return;
  restarting = true;
  restart()
    .catch((error: unknown) => fail("a restart", error))
    .finally(() => (restarting = false));
}, 500);
setInterval(() => report({ is: "counts", counts }), 250);
