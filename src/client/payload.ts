import { bytesOf, utf8Length } from "../protocol/index.js";
import { TidemarkError, messageOf } from "./errors.js";

/** A payload as it goes into a command: JSON, or bytes. */
export interface Payload {
  /** `"data":…`; null where bytes follow, of which the line says how many. */
  readonly body: string;
  readonly bytes: Uint8Array | undefined;
  /** What it counts for in the outbox. */
  readonly size: number;
}

/**
 * Makes a payload of what the application publishes, now: what it does to its object later changes nothing.
 *
 * @throws {TidemarkError} `invalid` when it is no bytes and has no JSON
 */
export function payloadOf(data: unknown): Payload {
  let cause: unknown = typeof data;
  try {
    const bytes = bytesOf(data)?.slice();
    if (bytes) return { body: '"data":null', bytes, size: bytes.length };
    const json = JSON.stringify(data) as string | undefined;
    if (json !== undefined) return { body: `"data":${json}`, bytes, size: utf8Length(json) };
  } catch (thrown) {
    cause = thrown;
  }
  throw new TidemarkError("invalid", `no JSON can be made of it: ${messageOf(cause)}`, { cause });
}
