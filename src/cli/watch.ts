/** `tidemark watch`: prints what a channel of keys holds, and what changes. */
import { parseArgs } from "node:util";
import {
  CONNECTION_OPTIONS,
  channelOf,
  interrupted,
  targetOf,
  understood,
  wholeNumber,
} from "./connection.js";
import { followState } from "./follow-state.js";
import { endWithReader, paintFor, print, printable, type Paint } from "./output.js";
import { UsageError } from "./usage.js";

/**
 * Follows until SIGINT or SIGTERM, or until `--count` changes have been printed; over every reconnect.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server refuses the channel, or it is of another kind
 */
export async function watch(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const options = {
    ...CONNECTION_OPTIONS,
    prefix: { type: "string" },
    key: { type: "string", multiple: true },
    rate: { type: "string" },
    count: { type: "string" },
  } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const channel = channelOf(positionals, "tidemark watch CHANNEL");
  if (positionals.length > 1) throw new UsageError("watch takes one channel; keys are given by --key");
  const { prefix, key: keys = [], rate, json = false } = values;
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
  const show = json ? jsonLines(channel) : readableLines(paintFor(process.stdout, env));
  const warn = (text: string): void => void print(paintFor(process.stderr, env)("dim", text), process.stderr);
  const held = new Map<string, string>();
  let printed = 0;
  try {
    if (count === 0) return;
    for await (const { changes, full } of followState({ url, token, query, signal: ended.signal, warn })) {
      for (const [key, text] of news(held, changes, full)) {
        await print(show(key, text));
        if (++printed === count) return;
      }
    }
  } finally {
    ended.abort();
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
