/** Payloads on their way into the log: text or bytes, within the size limit. */
import type { Payload } from "../../../broker/index.js";
import { bytesOf } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { Kind } from "../../kinds/kind.js";
import type { ServerNode } from "../node.js";

/**
 * The payload as the log of a channel of that kind keeps it, within its size limit: `limits.message` for JSON, and for bytes
 * `limits.binary`, where there is a log to read on from. Others get what is published as one line.
 */
export function encode(value: unknown, { logged }: Pick<Kind, "logged">, node: ServerNode): Payload {
  const bytes = asBytes(value);
  if (bytes !== undefined) {
    const { binary, message } = node.limits;
    const most = logged ? binary : message;
    // A copy: the value may be a view into a much larger buffer, which the log would keep alive.
    if (bytes.length <= most) return new Uint8Array(bytes);
    throw tooManyBytes(bytes.length, most);
  }
  const text = stringify(value);
  if (text === undefined)
    throw new TidemarkError("invalid", `a message must be a JSON value or bytes, not ${typeof value}`);
  return fitting(text, node);
}

/**
 * What a key of a state channel is to hold, as the log keeps it: JSON, of at most `limits.message` bytes.
 *
 * @throws {TidemarkError} `invalid` or `too_large`, which names the key
 */
export function encodeValue(key: string, value: unknown, { limits: { message } }: ServerNode): string {
  const isBytes = ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
  const text = isBytes ? undefined : stringify(value);
  if (text === undefined)
    throw new TidemarkError(
      "invalid",
      `${JSON.stringify(key)} must hold a JSON value, not ${isBytes ? "bytes" : typeof value}`,
    );
  const size = text.length * MOST_BYTES <= message ? 0 : Buffer.byteLength(text);
  if (size <= message) return text;
  throw new TidemarkError(
    "too_large",
    `${JSON.stringify(key)} would hold ${size} bytes of JSON, over the limit of ${message}`,
  );
}

export function tooManyBytes(size: number, most: number): TidemarkError {
  return new TidemarkError("too_large", `${size} bytes are over the limit of ${most}`);
}

/**
 * The same object once it has been JSON.
 *
 * @throws {TidemarkError} `invalid` for what has none
 */
export function copyOfJson(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(stringify(value) ?? "{}") as Readonly<Record<string, unknown>>;
}

/** The text, within the size limit. */
export function fitting(text: string, { limits: { message } }: ServerNode): string {
  // Where it fits whatever its characters are, they are not counted.
  const size = text.length * MOST_BYTES <= message ? 0 : Buffer.byteLength(text);
  if (size > message)
    throw new TidemarkError("too_large", `${size} bytes of JSON are over the limit of ${message}`);
  return text;
}

/** What one UTF-16 unit takes in UTF-8 at most. */
const MOST_BYTES = 3;

/** @throws {TidemarkError} `invalid` for a Blob */
export function asBytes(value: unknown): Uint8Array | undefined {
  try {
    return bytesOf(value);
  } catch (cause) {
    throw unfit(cause);
  }
}

/** @throws {TidemarkError} `invalid` for what has no JSON, such as a bigint, or what contains itself */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw unfit(cause);
  }
}

function unfit(cause: unknown): TidemarkError {
  // V8 reads JSON of any depth, but writes only what fits on its stack.
  const why = cause instanceof RangeError ? "it is nested too deeply" : String(cause);
  return new TidemarkError("invalid", `the message cannot be sent: ${why}`, { cause });
}
