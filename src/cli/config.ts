/** The config file of `tidemark serve`: parsed at the border, every mistake named. */
import { readFileSync } from "node:fs";
import { state, stream, transient, type Channel, type Duration } from "../server/index.js";
import type { ChannelTypes } from "../protocol/index.js";
import { UsageError } from "./usage.js";

type AnyChannel = Channel<null, Readonly<Record<string, string>>, ChannelTypes>;
type Channels = Record<string, AnyChannel>;

const DEFAULT_CHANNELS: Channels = {
  "chat/:id": stream({ retain: { count: 1000 }, presence: true }),
  "typing/:id": transient(),
};

/**
 * The channels that the file describes; the default ones without a file.
 *
 * @throws {UsageError} when the file cannot be read or understood
 */
export function readChannels(file: string | undefined): Channels {
  if (file === undefined) return DEFAULT_CHANNELS;
  const config = object(parse(file), file);
  const channels = object(config["channels"], `"channels" in ${file}`);
  return Object.fromEntries(
    Object.entries(channels).map(([pattern, value]) => [pattern, channel(pattern, value)]),
  );
}

/** What may be said of a channel of each kind. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  stream: ["retain", "presence", "dedupe"],
  transient: ["presence"],
  state: ["rate", "ttl", "keys", "bytes", "presence", "dedupe"],
};

function channel(pattern: string, value: unknown): AnyChannel {
  const where = `channel ${JSON.stringify(pattern)}`;
  const { kind, ...settings } = object(value, where);
  if (kind === "room")
    throw new UsageError(
      `${where}: a room is code, which a file cannot hold; run it on a server of your own: tidemark().channels({ ${JSON.stringify(pattern)}: … })`,
    );
  const known = typeof kind === "string" && Object.hasOwn(SETTINGS, kind) ? SETTINGS[kind] : undefined;
  if (known === undefined)
    throw new UsageError(
      `${where}: kind must be "stream", "transient" or "state", not ${JSON.stringify(kind)}`,
    );
  const unknown = Object.keys(settings).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `${where} has ${JSON.stringify(unknown)}; for ${JSON.stringify(kind)} there are ${known.join(", ")}`,
    );
  const { retain, presence, dedupe } = settings;
  if (presence !== undefined && typeof presence !== "boolean")
    throw new UsageError(`${where}: presence must be true or false`);
  const common = presence === true ? { presence } : {};
  const remembered = dedupe === undefined ? {} : { dedupe: asDuration(dedupe) };
  try {
    if (kind === "transient") return transient(common);
    if (kind === "state") return state({ ...common, ...remembered, ...asStateSettings(settings) });
    return stream({
      ...common,
      ...remembered,
      // stream() checks what is in them, and says what is wrong.
      ...(retain !== undefined && {
        retain: asRetain(object(retain, `${where}: retain`)),
      }),
    });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(`${where}: ${error.message}`) : error;
  }
}

/** Whatever is in it: stream() checks that, and says what is wrong. */
function asRetain(value: Record<string, unknown>): { count?: number; bytes?: number; for?: Duration } {
  return value;
}

/** Whatever is in it, but for null, which is nothing to JSON and no default: state() says what is wrong. */
function asStateSettings({ rate, ttl, keys, bytes }: Record<string, unknown>): {
  rate?: number;
  ttl?: Duration;
  keys?: number;
  bytes?: number;
} {
  return {
    ...(rate !== undefined && { rate: rate as number }),
    ...(ttl !== undefined && { ttl: ttl as Duration }),
    ...(keys !== undefined && { keys: keys as number }),
    ...(bytes !== undefined && { bytes: bytes as number }),
  };
}

/** Whatever it is: stream() says so if it is no length of time. */
function asDuration(value: unknown): Duration {
  return value as Duration;
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as unknown;
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new UsageError(`${what} must be an object`);
}
