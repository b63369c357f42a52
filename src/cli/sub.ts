/** `tidemark sub`: prints a channel's messages, and follows. */
import { parseArgs } from "node:util";
import {
  connect,
  type Client,
  type Gap,
  type Message,
  type Status,
  type Stream,
  TidemarkError,
  type Transient,
} from "../client/index.node.js";
import {
  CONNECTION_OPTIONS,
  channelOf,
  interrupted,
  targetOf,
  understood,
  wholeNumber,
} from "./connection.js";
import { endWithReader, paintFor, print, printable, type Paint } from "./output.js";
import { UsageError } from "./usage.js";

type Start = { readonly last?: number } | { readonly since?: number };

/**
 * Follows until SIGINT or SIGTERM, or until `--count` messages have come; over every reconnect.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server refuses the connection or the channel
 */
export async function sub(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const options = {
    ...CONNECTION_OPTIONS,
    last: { type: "string" },
    since: { type: "string" },
    count: { type: "string" },
  } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const channel = channelOf(positionals, "tidemark sub CHANNEL");
  const { url, token } = targetOf(values, env);
  const start = startOf(values.last, values.since);
  const count = values.count === undefined ? Infinity : wholeNumber(values.count, "count");
  const show = values.json === true ? jsonLines(channel) : readableLines(paintFor(process.stdout, env));

  endWithReader();
  const client = connect(url, { token });
  const warn = (text: string): void => void print(paintFor(process.stderr, env)("dim", text), process.stderr);
  tellStatus(client, url, warn);
  // The loop ends when the client is closed.
  void interrupted().then(() => client.close());
  try {
    await follow(client, channel, start, count, show, warn);
  } finally {
    client.close();
  }
}

/** The channel as a stream; if it is none, as what it is. */
async function follow(
  client: Client,
  channel: string,
  start: Start,
  count: number,
  show: Lines,
  warn: (text: string) => void,
): Promise<void> {
  const stream = client.stream(channel, start);
  stream.on("error", () => {});
  stream.on("gap", (gap) =>
    show.gap === undefined ? warn(`messages are missing here: ${gap.reason}`) : void print(show.gap(gap)),
  );
  try {
    return await printAll(stream, count, show);
  } catch (error) {
    if (!(error instanceof TidemarkError && error.code === "wrong_kind")) throw error;
    if (Object.keys(start).length > 0)
      warn(`${printable(channel)} keeps nothing: only what comes from now on`);
  }
  stream.close();
  // The client lets go of a subscription at the end of the turn.
  await Promise.resolve();
  const transient = client.transient(channel);
  transient.on("error", () => {});
  await printAll(transient, count, show);
}

async function printAll(handle: Stream | Transient, count: number, show: Lines): Promise<void> {
  if (count <= 0) return;
  let printed = 0;
  // A loop is slower than its channel if our reader is: it falls behind in the log, and nothing piles up here.
  for await (const message of handle) {
    await print(show.message(message));
    if (++printed === count) return;
  }
}

/** What a message, or a gap, is as a line. */
interface Lines {
  readonly message: (message: Message) => string;
  readonly gap?: (gap: Gap) => string;
}

function jsonLines(channel: string): Lines {
  return {
    message({ offset, time, from, data }) {
      const payload = data instanceof Uint8Array ? { bytes: Buffer.from(data).toString("base64") } : { data };
      return JSON.stringify({ channel, offset, time, ...(from !== undefined && { from }), ...payload });
    },
    gap: (gap) => JSON.stringify({ channel, gap }),
  };
}

function readableLines(paint: Paint): Lines {
  return {
    message({ time, from, data }) {
      const payload =
        data instanceof Uint8Array
          ? `${data.length} bytes ${Buffer.from(data).toString("hex")}`
          : JSON.stringify(data);
      return `${paint("dim", clockTime(time))}  ${paint("bold", printable(from ?? "-"))}  ${printable(payload)}`;
    },
  };
}

/** The day too, unless it is today. */
function clockTime(time: number): string {
  const date = new Date(time);
  const two = (part: number): string => String(part).padStart(2, "0");
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (date.toDateString() === new Date().toDateString()) return clock;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

/** Says on standard error when the server is gone and when it is back. */
function tellStatus(client: Client, url: string, warn: (text: string) => void): void {
  let away = false;
  client.on("status", (status: Status) => {
    if (status === "offline" && !away) {
      away = true;
      warn(`cannot reach ${url} (${client.reason?.code ?? "no reason given"}); trying again`);
    } else if (status === "online" && away) {
      away = false;
      warn(`connected to ${url}`);
    }
  });
  // What ends the client for good ends the loop with the same error; the rest is in the status.
  client.on("error", () => {});
}

/**
 * `--last 5`, or `--since` a time: `2026-01-31T14:05`, `14:05` (today), milliseconds, or how long ago: `90s`, `5m`, `2h`, `7d`.
 *
 * @throws {UsageError} when it is none
 */
export function startOf(last: string | undefined, since: string | undefined, now = Date.now()): Start {
  if (last !== undefined && since !== undefined)
    throw new UsageError("--last and --since exclude each other");
  if (last !== undefined) return { last: wholeNumber(last, "last", 1000) };
  if (since === undefined) return {};
  const ago = /^(\d+)(s|m|h|d)$/.exec(since);
  if (ago !== null) return { since: Math.max(0, now - Number(ago[1]) * UNITS[ago[2] as keyof typeof UNITS]) };
  if (/^\d+$/.test(since)) return { since: wholeNumber(since, "since") };
  const day = new Date(now);
  const today = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
  const time = Date.parse(/^\d\d?:\d\d(:\d\d)?$/.test(since) ? `${today}T${since.padStart(5, "0")}` : since);
  if (Number.isFinite(time) && time >= 0) return { since: time };
  throw new UsageError(
    `--since takes a time such as 14:05, 2026-01-31T14:05 or 5m, not ${JSON.stringify(since)}`,
  );
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
