/** Payloads are JSON text of a fixed size that begins with the time of sending. */

const TIME_AT = '{"t":"'.length;
const TIME_DIGITS = 16;
const LETTER_T = 0x74;
const ZERO = 0x30;

/** Microseconds on a clock that all processes of the machine share. */
export function micros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}

/** The least size of a payload in bytes. */
export const LEAST_PAYLOAD = TIME_AT + TIME_DIGITS + '","p":""}'.length;

/** A payload of `size` bytes that says when it was (to be) sent. */
export function payloadAt(time: number, size: number): string {
  return `{"t":"${String(time).padStart(TIME_DIGITS, "0")}","p":"${"x".repeat(size - LEAST_PAYLOAD)}"}`;
}

/** Hot path. When the payload that begins at `start` was sent; `undefined` when it is none of ours. */
export function sentAt(bytes: Uint8Array, start: number): number | undefined {
  if (bytes[start + 2] !== LETTER_T) return undefined;
  let time = 0;
  for (let i = start + TIME_AT; i < start + TIME_AT + TIME_DIGITS; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    time = time * 10 + digit;
  }
  return time;
}
