/** `tidemark set`: changes keys of a channel, all of them at once. */
import { parseArgs } from "node:util";
import { duration, type Duration } from "../protocol/duration.js";
import { API_OPTIONS, apiOf, askApi } from "./api.js";
import { channelOf, understood } from "./connection.js";
import { endWithReader, print, printable } from "./output.js";
import { UsageError } from "./usage.js";

/**
 * Sets and deletes keys.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server cannot be reached, or says no: `conflict` where a key is there that must not be
 */
export async function set(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const options = {
    ...API_OPTIONS,
    ttl: { type: "string" },
    delete: { type: "string", multiple: true },
    "if-absent": { type: "boolean" },
  } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const channel = channelOf(positionals, "tidemark set CHANNEL KEY=JSON…");
  const pairs = positionals.slice(1).map(pairOf);
  const { ttl, delete: gone = [], json = false } = values;
  const isIfAbsent = values["if-absent"] ?? false;
  if (pairs.length + gone.length === 0)
    throw new UsageError("what is to be set? tidemark set CHANNEL KEY=JSON…, or --delete KEY");
  if (isIfAbsent && pairs.length === 0) throw new UsageError("--if-absent is about keys that are set");
  const change = {
    ...(pairs.length > 0 && { set: Object.fromEntries(pairs) }),
    ...(gone.length > 0 && { delete: gone }),
    ...(ttl !== undefined && { ttl: ttlOf(ttl) }),
    ...(isIfAbsent && { if: { absent: pairs.map(([key]) => key) } }),
  };

  endWithReader();
  const answer = await askApi(apiOf(values, env), `state/${encodeURIComponent(channel)}`, [], change);
  const { cursor, same = false } = answer as { readonly cursor?: string; readonly same?: boolean };
  if (json) await print(JSON.stringify({ channel, cursor, same }));
  else if (same) await print(`${printable(channel)} is so already, at ${printable(String(cursor))}`);
  else await print(`changed ${printable(channel)} at ${printable(String(cursor))}`);
}

function pairOf(text: string): [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`a key and its value are KEY=JSON, not ${printable(text)}`);
  try {
    return [text.slice(0, at), JSON.parse(text.slice(at + 1)) as unknown];
  } catch {
    throw new UsageError(
      `the value of ${printable(text.slice(0, at))} is not JSON (a text needs quotes of its own: 'name="Ann"')`,
    );
  }
}

/** Milliseconds, as a number or a text such as `30s`. */
function ttlOf(text: string): number {
  try {
    return duration(/^\d+$/.test(text) ? Number(text) : (text as Duration), 0, "--ttl");
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
