/**
 * A client whose transport is changed again and again, from WebSocket to stream to poll and round, while it publishes
 * and listens. Afterwards it must have everything that is in the log, once and in order, and the log everything that
 * it was told is there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  connect,
  openTransport,
  type Client,
  type TransportEvents,
  type TransportName,
} from "tidemark/client";
import type { TypedApp } from "tidemark/protocol";
import { compare, type Faults } from "./compare.js";

export interface SwitchingOptions {
  /** The server's port on this machine; it has the channels `soak/:id`. */
  readonly port: number;
  /** Messages a second, one half by the client itself. */
  readonly rate: number;
  readonly seconds: number;
  /** Seconds between two changes. */
  readonly every: number;
}

export interface SwitchingResult {
  readonly published: number;
  readonly acknowledged: number;
  readonly logged: number;
  /** Connections that were made, by transport. */
  readonly connections: Readonly<Record<TransportName, number>>;
  readonly gaps: number;
  readonly faults: Faults;
  /** What the client itself published and is in the log in another order. */
  readonly outOfTurn: number;
}

type App = TypedApp<{
  channels: { "soak/:id": { kind: "stream"; input: Message; output: Message } };
  methods: Record<never, never>;
}>;
interface Message {
  readonly by: "itself" | "another";
  readonly n: number;
}

const ORDER: readonly TransportName[] = ["websocket", "stream", "poll"];
/** How long the last messages may take to come, in milliseconds. */
const PATIENCE_MS = 20_000;

export async function switching({ port, rate, seconds, every }: SwitchingOptions): Promise<SwitchingResult> {
  const connections = { websocket: 0, stream: 0, poll: 0 };
  let turn = 0;
  let cut = (): void => {};
  const client: Client<App> = connect<App>(`ws://127.0.0.1:${port}/connect`, {
    backoff: { min: 1, max: 20 },
    environment: {
      transport(url, events) {
        const name = ORDER[turn % ORDER.length] ?? "websocket";
        connections[name]++;
        let over = false;
        const own: TransportEvents = {
          ...events,
          open: () => events.open(),
          close(code, reason) {
            if (!over) events.close(code, reason);
          },
        };
        const transport = openTransport(url, own, name);
        cut = () => {
          over = true;
          transport.close();
          events.close(1006, "changed");
        };
        return transport;
      },
    },
  });
  const other = connect<App>(`ws://127.0.0.1:${port}/connect`);
  const id = `switching-${Math.random().toString(36).slice(2)}`;
  const handle = client.stream("soak/:id", { id });
  const elsewhere = other.stream("soak/:id", { id });
  const got: number[] = [];
  let gaps = 0;
  handle.on("message", ({ offset }) => got.push(offset));
  handle.on("gap", () => gaps++);
  try {
    await Promise.all([handle.ready, elsewhere.ready]);
    const acknowledged: Promise<unknown>[] = [];
    const start = performance.now();
    let nextTurn = every * 1000;
    for (let passed = 0; passed < seconds * 1000; passed = performance.now() - start) {
      while (acknowledged.length < (passed * rate) / 1000) {
        const n = acknowledged.length;
        const own = n % 2 === 0;
        acknowledged.push((own ? handle : elsewhere).publish({ by: own ? "itself" : "another", n }));
      }
      if (passed > nextTurn) {
        nextTurn += every * 1000;
        turn++;
        cut();
      }
      await sleep(2);
    }
    await Promise.all(acknowledged);
    const log: { readonly offset: number; readonly data: Message }[] = [];
    for (let more = true; more;) {
      const page = await elsewhere.history({ after: log.at(-1)?.offset ?? 0, limit: 1000 });
      log.push(...page.messages);
      ({ more } = page);
    }
    const deadline = performance.now() + PATIENCE_MS;
    while (got.at(-1) !== log.at(-1)?.offset && performance.now() < deadline) await sleep(10);
    const itself = log.filter(({ data }) => data.by === "itself").map(({ data }) => data.n);
    return {
      published: acknowledged.length,
      acknowledged: acknowledged.length,
      logged: log.length,
      connections,
      gaps,
      faults: compare(
        log.map(({ offset }) => offset),
        got,
      ),
      outOfTurn: itself.filter((n, i) => n < (itself[i - 1] ?? 0)).length,
    };
  } finally {
    client.close();
    other.close();
  }
}

/** What is wrong with a result, in words; empty when all is well. */
export function switchingFaults({ faults, published, logged, gaps, outOfTurn }: SwitchingResult): string[] {
  const found = {
    "messages came twice": faults.duplicates,
    "messages were lost": faults.lost,
    "messages came out of order": faults.misplaced,
    "messages came that are not in the log": faults.strangers,
    "gaps were announced, although nothing was trimmed": gaps,
    "messages overtook one of the same client": outOfTurn,
    "entries are in the log more or less than were published": Math.abs(logged - published),
  };
  return Object.entries(found).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}
