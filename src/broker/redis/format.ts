/**
 * What a key space is written in. It says so itself, so that a version that would misread it refuses instead. One that does
 * not say it is of a time before there were numbers: it is read as it is, and says it from then on.
 */
import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import { RedisSetupError } from "./server-check.js";

/** What this version reads and writes. */
export const FORMAT = 1;

/**
 * Sees that the key space can be read, and has it say what it is where it does not.
 *
 * @throws {RedisSetupError} `format` when a newer version has written it
 * @throws {BrokerError} `unavailable` when Redis does not answer
 */
export async function checkFormat(link: RedisLink, keys: Keys): Promise<void> {
  const key = keys.format();
  await link.command(key, "set", key, FORMAT, "NX");
  const said = String(await link.command(key, "get", key));
  const format = /^\d+$/.test(said) ? Number(said) : Infinity;
  if (format <= FORMAT) return;
  throw new RedisSetupError(
    "format",
    `${key} says that a newer version has written here: format ${said}, and this version knows ${FORMAT} at most. ` +
      "Run the newer version, or give this one a prefix of its own",
  );
}
