/** `tidemark bench`: what a server of one's own does under load. */
import { parseArgs } from "node:util";
import { TidemarkError } from "../client/index.node.js";
import {
  ClosedLoop,
  LEAST_PAYLOAD,
  LoadError,
  settled,
  tidemark,
  Traffic,
  type Job,
  type JoinOptions,
  type Reading,
  type Target,
} from "../load/index.js";
import { describe, type BenchPlan, type BenchResult } from "./bench-result.js";
import { CONNECTION_OPTIONS, interrupted, targetOf, understood, wholeNumber } from "./connection.js";
import { endWithReader, print } from "./output.js";
import { UsageError } from "./usage.js";

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  channel: { type: "string", default: "chat/bench" },
  subscribers: { type: "string", default: "100" },
  publishers: { type: "string", default: "4" },
  rate: { type: "string" },
  "in-flight": { type: "string" },
  seconds: { type: "string", default: "10" },
  "warm-up": { type: "string", default: "2" },
  payload: { type: "string", default: "64" },
} as const;
const DEFAULT_RATE = "50";
/** How long a connection may take until it is subscribed. */
const PATIENCE_MS = 15_000;
/** When nothing has come for so long, nothing more is expected. */
const QUIET_MS = 1000;
const TICK_MS = 200;

/**
 * Puts load on a server and prints what came of it; resolves to the exit code: 1 when something was lost.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server cannot be reached, or refuses a subscriber or a message
 */
export async function bench(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true }),
  );
  if (positionals.length > 1) throw new UsageError("one address: tidemark bench URL");
  const { url, token } = targetOf({ ...values, url: positionals[0] ?? values.url }, env);
  const plan = planOf(values, url);
  endWithReader();
  const stopped = interrupted().then(() => "stopped" as const);
  const say = progress(process.stderr);
  try {
    const result = await measure(plan, targetAt(url, token), stopped, say);
    say("");
    await print(values.json === true ? JSON.stringify(result) : describe(result));
    if (result.stopped) return 130;
    return result.lost > 0 || result.delivered < result.expected ? 1 : 0;
  } catch (error) {
    say("");
    throw error instanceof LoadError ? new TidemarkError(error.code, explained(error, plan)) : error;
  }
}

type Values = Readonly<Record<Exclude<keyof typeof OPTIONS, "json">, string | undefined>>;

/** @throws {UsageError} */
function planOf(values: Partial<Values>, url: string): BenchPlan {
  const number = (name: keyof Values, least: number): number => {
    const value = wholeNumber(values[name] ?? "", name);
    if (value < least) throw new UsageError(`--${name} takes at least ${least}, not ${value}`);
    return value;
  };
  const { rate, "in-flight": inFlight } = values;
  if (rate !== undefined && inFlight !== undefined)
    throw new UsageError("either --rate or --in-flight, not both");
  return {
    url,
    channel: values.channel ?? "",
    subscribers: number("subscribers", 1),
    publishers: inFlight === undefined ? number("publishers", 1) : 1,
    load:
      inFlight === undefined
        ? { rate: rate === undefined ? Number(DEFAULT_RATE) : number("rate", 1) }
        : { inFlight: number("in-flight", 1) },
    seconds: number("seconds", 1),
    warmUp: number("warm-up", 0),
    payload: number("payload", LEAST_PAYLOAD),
  };
}

function targetAt(text: string, token: string | undefined): Target {
  const { protocol, hostname, port, pathname, search } = new URL(text);
  const secure = protocol === "wss:";
  return {
    // An address of IPv6 is in brackets in a URL only.
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    secure,
    path: pathname + search,
    dialect: tidemark,
    ...(token !== undefined && { token }),
  };
}

function prepare(plan: BenchPlan, target: Target, options: JoinOptions): Promise<Job> {
  const { channel, subscribers, publishers, load, payload } = plan;
  if ("inFlight" in load) {
    const { inFlight } = load;
    const spec = { job: "closed loop", channel, subscribers, inFlight, payload, timed: true } as const;
    return ClosedLoop.prepare(target, spec, options);
  }
  const members = Array.from({ length: subscribers }, () => [channel]);
  const { rate } = load;
  const spec = { job: "traffic", members, speakers: publishers, rate, payload } as const;
  return Traffic.prepare(target, spec, options);
}

async function measure(
  plan: BenchPlan,
  target: Target,
  stopped: Promise<"stopped">,
  say: (line: string) => void,
): Promise<BenchResult> {
  const { subscribers, warmUp, seconds } = plan;
  const began = performance.now();
  const joined = (count: number): void => {
    if (count % 100 === 0 || count === subscribers) say(`${count} of ${subscribers} are subscribed`);
  };
  const job = await prepare(plan, target, { joined, patience: PATIENCE_MS });
  const connecting = (performance.now() - began) / 1000;
  try {
    job.run();
    await pass(job, warmUp, stopped, (left) => say(`warming up, ${left} s left`));
    job.forget();
    const [before, cpu] = [job.reading(), process.cpuUsage()];
    const wasStopped = await pass(job, seconds, stopped, (left, { deliveries }) =>
      say(`${left} s left, ${deliveries - before.deliveries} deliveries`),
    );
    const [after, used] = [job.reading(), process.cpuUsage(cpu)];
    say("waiting for what is under way");
    await job.stop();
    const { published } = job.reading();
    const all = (): boolean => job.reading().deliveries >= published * subscribers;
    if (!all()) await settled(() => job.reading().deliveries, 0, QUIET_MS);
    return {
      plan,
      connecting,
      stopped: wasStopped,
      rate: ((after.deliveries - before.deliveries) / (after.at - before.at)) * 1e6,
      generator: (used.user + used.system) / (after.at - before.at),
      expected: published * subscribers,
      ...whatCame(job.reading()),
    };
  } finally {
    job.leave();
  }
}

function whatCame({ deliveries, lost, failure, latencies, slowest }: Reading) {
  return { delivered: deliveries, lost, latencies, slowest, ...(failure !== undefined && { failure }) };
}

/** Lets the time pass; resolves to whether the user ended it. Rejects when the server refuses what is published. */
async function pass(
  job: Job,
  seconds: number,
  stopped: Promise<"stopped">,
  tell: (left: number, reading: Reading) => void,
): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const reading = job.reading();
    const { failure, connections, lost } = reading;
    if (failure !== undefined && (failure.code !== "connection_lost" || lost === connections))
      throw new LoadError(failure);
    const left = end - performance.now();
    if (left <= 0) return false;
    tell(Math.ceil(left / 1000), reading);
    const tick = new Promise((resolve) => setTimeout(resolve, Math.min(TICK_MS, left)));
    if ((await Promise.race([tick, stopped])) === "stopped") return true;
  }
}

/** What to do about it, where the command line can help. */
const ADVICE: Readonly<Record<string, (plan: BenchPlan) => string>> = {
  not_found: () => "--channel NAME takes one that the server has",
  forbidden: () => "--token says who you are; the channel must let its bearer subscribe and publish",
  unauthorized: () => "--token says who you are",
  token_expired: () => "--token takes a newer one",
  invalid: () =>
    "the channel must take any JSON: give the server one without a schema, such as bench/:id, and say --channel bench/1",
  wrong_kind: () => "--channel NAME takes a stream or a transient",
  rate_limited: ({ load }) =>
    "inFlight" in load
      ? "use --rate N with more --publishers, or start the server with limits: { commands: false } for this"
      : "spread the load over more --publishers, lower --rate, or start the server with limits: { commands: false } for this",
  too_large: () => "--payload N takes fewer bytes",
};

function explained({ code, message }: LoadError, plan: BenchPlan): string {
  const advice = ADVICE[code]?.(plan);
  return advice === undefined ? `${plan.url}: ${message}` : `${plan.url}: ${message}; ${advice}`;
}

/** One line that is overwritten by the next, where there is a terminal. */
function progress(out: NodeJS.WriteStream): (line: string) => void {
  return (line) => {
    if (out.isTTY) out.write(`\r\u001b[K${line}`);
  };
}
