/** `tidemark get`: what a channel of keys holds now. */
import { parseArgs } from "node:util";
import { TidemarkError } from "../client/index.node.js";
import { API_OPTIONS, apiOf, askApi } from "./api.js";
import { channelOf, understood } from "./connection.js";
import { endWithReader, print, printable } from "./output.js";
import { UsageError } from "./usage.js";

/**
 * Prints the value of one key, or keys and values: of those that are named, or of all; resolves to the exit code, which is 1 where
 * a key that was named holds nothing.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server cannot be reached, or says no
 */
export async function get(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = { ...API_OPTIONS, prefix: { type: "string" } } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const channel = channelOf(positionals, "tidemark get CHANNEL [KEY…]");
  const [, ...keys] = positionals;
  const { prefix, json = false } = values;
  if (prefix !== undefined && keys.length > 0) throw new UsageError("--prefix and keys exclude each other");
  const query = keys.map((key): [string, string] => ["keys", key]);
  if (prefix !== undefined) query.push(["prefix", prefix]);

  endWithReader();
  const answer = await askApi(apiOf(values, env), `state/${encodeURIComponent(channel)}`, query);
  const held = new Map(Object.entries(valuesIn(answer)));
  for (const [key, value] of held) {
    if (json) await print(JSON.stringify({ channel, key, value }));
    else {
      const text = printable(JSON.stringify(value));
      await print(keys.length === 1 ? text : `${printable(key)}  ${text}`);
    }
  }
  const missing = keys.filter((key) => !held.has(key));
  if (missing.length === 0) return 0;
  await print(`tidemark: ${missing.map(printable).join(", ")}: no such key`, process.stderr);
  return 1;
}

function valuesIn(answer: object): object {
  const values = (answer as { readonly values?: unknown }).values;
  if (typeof values === "object" && values !== null) return values;
  throw new TidemarkError("not_found", "what is there is no API of this kind");
}
