/** The key of the HTTP API. */
import { createHash, timingSafeEqual } from "node:crypto";

/** A key that is shorter can be guessed. */
const LEAST_KEY = 16;

/** Whether that is the key; takes as long for every key that it is not. */
export type KeyCheck = (given: string | undefined) => boolean;

/**
 * @throws {TypeError} when the key can be guessed, or does not go into a header
 * @example const isKey = keyCheck(process.env.API_KEY);
 */
export function keyCheck(key: string): KeyCheck {
  if (key.length < LEAST_KEY || !/^[\x21-\x7e]*$/.test(key)) {
    throw new TypeError(
      `apiKey must be at least ${LEAST_KEY} letters, digits and signs without spaces: whoever guesses it may ask everything`,
    );
  }
  // Of equal length, whatever they are prints of.
  const print = printOf(key);
  return (given) => given !== undefined && timingSafeEqual(printOf(given), print);
}

function printOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
