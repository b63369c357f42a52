/** `tidemark watch`: prints what a channel of keys holds, or what is in a room, and what changes. */
import { parseArgs } from "node:util";
import { TidemarkError } from "../client/index.node.js";
import { API_OPTIONS, apiOf, askApi, type Api } from "./api.js";
import {
  CONNECTION_OPTIONS,
  channelOf,
  interrupted,
  targetOf,
  understood,
  wholeNumber,
} from "./connection.js";
import { RoomFollowed, followState, type Followed } from "./follow-state.js";
import { endWithReader, paintFor, print, printable, type Paint } from "./output.js";
import { UsageError } from "./usage.js";
import { watchRoom } from "./watch-room.js";

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  "api-key": API_OPTIONS["api-key"],
  prefix: { type: "string" },
  key: { type: "string", multiple: true },
  table: { type: "string" },
  rate: { type: "string" },
  count: { type: "string" },
} as const;

/**
 * Follows until SIGINT or SIGTERM, or until `--count` changes have been printed; over every reconnect.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server refuses the channel, or it is of another kind
 */
export async function watch(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true }),
  );
  const channel = channelOf(positionals, "tidemark watch CHANNEL");
  if (positionals.length > 1) throw new UsageError("watch takes one channel; keys are given by --key");
  const { prefix, key: keys = [], table, rate, json = false } = values;
  if (prefix !== undefined && keys.length > 0) throw new UsageError("--prefix and --key exclude each other");
  if (rate !== undefined && !(/^\d+(\.\d+)?$/.test(rate) && Number(rate) > 0))
    throw new UsageError(`--rate takes a number of times a second, not ${JSON.stringify(rate)}`);
  const count = values.count === undefined ? Infinity : wholeNumber(values.count, "count");
  const { url, token } = targetOf(values, env);
  const query: [string, string][] = [["channel", channel]];
  for (const key of keys) query.push(["keys", key]);
  if (prefix !== undefined) query.push(["prefix", prefix]);
  if (rate !== undefined) query.push(["rate", rate]);

  endWithReader();
  const ended = new AbortController();
  void interrupted().then(() => ended.abort());
  const paint = paintFor(process.stdout, env);
  const warn = (text: string): void => void print(paintFor(process.stderr, env)("dim", text), process.stderr);
  const { signal } = ended;
  const hasKey = (values["api-key"] ?? env["TIDEMARK_API_KEY"]) !== undefined;
  const watchAsRoom = (): Promise<void> =>
    watchRoom({
      api: apiOf(values, env),
      channel,
      rate,
      signal,
      warn,
      table,
      keys,
      prefix,
      count,
      json,
      paint,
    });
  try {
    // Only rooms have tables.
    if (table !== undefined || (hasKey && (await isRoom(apiOf(values, env), channel))))
      return await watchAsRoom();
    await watchKeys({ url, token, query, signal, warn }, channel, { count, json, paint });
  } catch (error) {
    if (!(error instanceof RoomFollowed)) throw error;
    if (!hasKey)
      throw new UsageError(
        `${printable(channel)} is a room, and what is in it is shown to who has the server's key: --api-key KEY, or TIDEMARK_API_KEY`,
      );
    await watchAsRoom();
  } finally {
    ended.abort();
  }
}

/** Whether the server says so; where it does not answer, or has no API, nobody knows. */
async function isRoom(api: Api, channel: string): Promise<boolean> {
  try {
    return "status" in (await askApi(api, `rooms/${encodeURIComponent(channel)}`));
  } catch (error) {
    if (error instanceof TidemarkError) return false;
    throw error;
  }
}

async function watchKeys(
  followed: Followed,
  channel: string,
  { count, json, paint }: { readonly count: number; readonly json: boolean; readonly paint: Paint },
): Promise<void> {
  const show = json ? jsonLines(channel) : readableLines(paint);
  const held = new Map<string, string>();
  let printed = 0;
  if (count === 0) return;
  for await (const { changes, full } of followState(followed)) {
    for (const [key, text] of news(held, changes, full)) {
      await print(show(key, text));
      if (++printed === count) return;
    }
  }
}

/** What of it is new to who has been told the rest; keeps `held` as it is then. `undefined` for what is gone. */
function news(
  held: Map<string, string>,
  changes: ReadonlyMap<string, string | undefined>,
  full: boolean,
): Map<string, string | undefined> {
  const told = new Map<string, string | undefined>();
  if (full) for (const key of held.keys()) if (!changes.has(key)) told.set(key, undefined);
  for (const [key, text] of changes) if (held.get(key) !== text) told.set(key, text);
  for (const [key, text] of told) {
    if (text === undefined) held.delete(key);
    else held.set(key, text);
  }
  return told;
}

/** What a key that holds this now is as a line; `undefined` for one that is gone. */
type Line = (key: string, text: string | undefined) => string;

function jsonLines(channel: string): Line {
  return (key, text) =>
    text === undefined
      ? JSON.stringify({ channel, key, deleted: true })
      : JSON.stringify({ channel, key, value: JSON.parse(text) as unknown });
}

function readableLines(paint: Paint): Line {
  return (key, text) =>
    `${paint("bold", printable(key))}  ${text === undefined ? paint("dim", "deleted") : printable(text)}`;
}
