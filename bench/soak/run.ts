/**
 * Many clients on one channel, all of them losing their connection again and again while they publish and listen.
 * Afterwards everything that was acknowledged must be in the log once, and everything in the log must have reached
 * every client once, in order.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Client, type Stream } from "tidemark/client";
import type { TypedApp } from "tidemark/protocol";
import { seededRandom } from "tidemark/testing";
import { addFaults, compare, NO_FAULTS, type Faults } from "./compare.js";
import { CuttableProxy } from "./cuttable-proxy.js";

export interface SoakOptions {
  readonly clients: number;
  /** Messages a second, by all clients together, in turn. */
  readonly rate: number;
  readonly seconds: number;
  /** About how long a connection lives, in seconds: the mean of an exponential distribution. */
  readonly life: number;
  readonly seed: number;
  /** The server's port on this machine; it has the channels `soak/:id`. */
  readonly port: number;
  /** Told about once a second how far it is. */
  readonly onProgress?: (line: string) => void;
}

export interface SoakResult {
  readonly published: number;
  readonly acknowledged: number;
  /** Publishes that were rejected, by code. None is expected. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Entries in the log at the end. */
  readonly logged: number;
  readonly deliveries: number;
  /** Connections that were destroyed. */
  readonly cuts: number;
  /** Subscriptions that went on from their cursor on a new connection. */
  readonly resumed: number;
  readonly gaps: number;
  readonly faults: Faults;
  /** Acknowledged publishes that are not in the log exactly once, at the offset of their acknowledgement. */
  readonly misacknowledged: number;
  /** Messages of one client that are in the log in another order than it sent them. */
  readonly outOfTurn: number;
  /** Clients that had not got everything in time. */
  readonly late: number;
  /** What clients complained of, by code. None is expected. */
  readonly complaints: Readonly<Record<string, number>>;
}

interface Message {
  readonly from: number;
  readonly n: number;
}

type App = TypedApp<{
  channels: { "soak/:id": { kind: "stream"; input: Message; output: Message } };
  methods: Record<never, never>;
}>;

interface Participant {
  readonly client: Client<App>;
  readonly chat: Stream<Message, Message>;
  readonly got: number[];
}

/** How long stragglers have at the end, in milliseconds. */
const PATIENCE_MS = 30_000;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { clients, rate, seconds } = options;
  const counts = { cuts: 0, resumed: 0, gaps: 0, published: 0 };
  const rejected: Record<string, number> = {};
  const complaints: Record<string, number> = {};
  const proxies = await Promise.all(
    Array.from({ length: clients }, (_, i) => cutAtRandom(options, i, () => counts.cuts++)),
  );

  const participants = proxies.map(({ proxy }): Participant => {
    const client = connect<App>(`ws://127.0.0.1:${proxy.port}/connect`);
    const complain = ({ code }: { code: string }): void => {
      complaints[code] = (complaints[code] ?? 0) + 1;
    };
    client.on("error", complain);
    const chat = client.stream("soak/:id", { id: String(options.seed) });
    const got: number[] = [];
    chat.on("message", ({ offset }) => got.push(offset));
    chat.on("gap", () => counts.gaps++);
    chat.on("subscribed", ({ resumed }) => (counts.resumed += resumed ? 1 : 0));
    chat.on("error", complain);
    chat.on("unsubscribed", complain);
    return { client, chat, got };
  });
  try {
    await Promise.all(participants.map(({ chat }) => chat.ready));

    for (const { begin } of proxies) begin();
    const acknowledged = new Map<number, number>();
    const unanswered = new Set<Promise<void>>();
    const publish = (n: number): void => {
      const from = n % clients;
      const done = (participants[from] as Participant).chat.publish({ from, n }).then(
        ({ offset }) => void acknowledged.set(n, offset),
        ({ code }: { code: string }) => void (rejected[code] = (rejected[code] ?? 0) + 1),
      );
      unanswered.add(done);
      void done.then(() => unanswered.delete(done));
    };

    const start = performance.now();
    let told = 0;
    for (let passed = 0; passed < seconds * 1000; passed = performance.now() - start) {
      while (counts.published < (passed * rate) / 1000) publish(counts.published++);
      if (passed > told) {
        told += 1000;
        options.onProgress?.(
          `${Math.round(passed / 1000)} s: ${acknowledged.size} acknowledged, ${counts.cuts} connections cut`,
        );
      }
      await sleep(5);
    }
    for (const { spare } of proxies) spare();
    const deadline = performance.now() + PATIENCE_MS;
    while (unanswered.size > 0 && performance.now() < deadline) await sleep(20);
    const log = await readLog((participants[0] as Participant).chat);
    const late = (): number => participants.filter(({ got }) => got.at(-1) !== log.at(-1)?.offset).length;
    while (late() > 0 && performance.now() < deadline) await sleep(20);
    // What comes twice may come late.
    await sleep(200);

    const offsets = log.map(({ offset }) => offset);
    return {
      ...counts,
      acknowledged: acknowledged.size,
      rejected,
      logged: log.length,
      deliveries: participants.reduce((sum, { got }) => sum + got.length, 0),
      faults: participants.map(({ got }) => compare(offsets, got)).reduce(addFaults, NO_FAULTS),
      misacknowledged: countMisacknowledged(log, acknowledged),
      outOfTurn: countOutOfTurn(log),
      late: late(),
      complaints,
    };
  } finally {
    for (const { client } of participants) client.close();
    for (const { proxy } of proxies) proxy.close();
  }
}

/** What is wrong with a result, in words; empty when all is well. */
export function violations(result: SoakResult): string[] {
  const { faults, published, acknowledged, logged } = result;
  const unanswered = published - acknowledged - Object.values(result.rejected).reduce((a, b) => a + b, 0);
  const found: Record<string, number> = {
    "messages came twice": faults.duplicates,
    "messages were lost": faults.lost,
    "messages came out of order": faults.misplaced,
    "messages came that are not in the log": faults.strangers,
    "gaps were announced, although nothing was trimmed": result.gaps,
    "acknowledged publishes are not in the log exactly once, where the acknowledgement says":
      result.misacknowledged,
    "messages overtook one of the same client": result.outOfTurn,
    "clients had not got everything in time": result.late,
    "publishes were never answered": unanswered,
    "entries are in the log more than were published": Math.max(0, logged - published),
  };
  for (const [code, count] of Object.entries(result.rejected))
    found[`publishes were rejected with ${code}`] = count;
  for (const [code, count] of Object.entries(result.complaints)) found[`errors of clients: ${code}`] = count;
  return Object.entries(found).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}

/** A proxy of one client's own, which cuts each of its connections after a random time, between `begin` and `spare`. */
async function cutAtRandom(
  { port, seed, life }: SoakOptions,
  index: number,
  onCut: () => void,
): Promise<{ proxy: CuttableProxy; begin: () => void; spare: () => void }> {
  const random = seededRandom(seed * 65_537 + index);
  let cutting = false;
  let timer: NodeJS.Timeout | undefined;
  let cut: () => void = () => {};
  const schedule = (): void => {
    clearTimeout(timer);
    if (!cutting) return;
    const doomed = cut;
    timer = setTimeout(
      () => {
        onCut();
        doomed();
      },
      -Math.log(1 - random.float()) * life * 1000,
    );
  };
  const proxy = await CuttableProxy.start(port, (connection) => {
    cut = () => connection.cut();
    schedule();
  });
  const set = (on: boolean): void => {
    cutting = on;
    schedule();
  };
  return { proxy, begin: () => set(true), spare: () => set(false) };
}

interface Logged extends Message {
  readonly offset: number;
}

/** The whole log, oldest first. */
async function readLog(chat: Stream<Message, Message>): Promise<Logged[]> {
  const log: Logged[] = [];
  for (;;) {
    const { messages, more } = await chat.history({ after: log.at(-1)?.offset ?? 0, limit: 1000 });
    for (const { offset, data } of messages) log.push({ ...data, offset });
    if (!more) return log;
  }
}

function countMisacknowledged(log: readonly Logged[], acknowledged: ReadonlyMap<number, number>): number {
  const places = new Map<number, number[]>();
  for (const { n, offset } of log) places.set(n, [...(places.get(n) ?? []), offset]);
  let wrong = 0;
  for (const [n, offset] of acknowledged) {
    const found = places.get(n) ?? [];
    if (found.length !== 1 || found[0] !== offset) wrong++;
  }
  return wrong;
}

function countOutOfTurn(log: readonly Logged[]): number {
  const latest = new Map<number, number>();
  let wrong = 0;
  for (const { from, n } of log) {
    if (n < (latest.get(from) ?? -1)) wrong++;
    latest.set(from, Math.max(n, latest.get(from) ?? -1));
  }
  return wrong;
}
