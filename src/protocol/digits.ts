/** Numbers as text, where they are many. */

/** The numbers below 1,000, as they are and with three digits. */
const SHORT = Array.from({ length: 1000 }, (_, number) => String(number));
const GROUPS = SHORT.map((digits) => digits.padStart(3, "0"));

/** What stood before the last three digits of the last large number: offsets of one millisecond differ in those. */
let high = -1;
let highDigits = "";

/**
 * A whole number that hardly comes twice, such as an offset or an id, as text. `String` and templates remember what they
 * made in case the number comes again: such texts get old before they are let go of, and collecting what is old stops a
 * node.
 */
export function digitsOf(number: number): string {
  if (number < 1000) return SHORT[number] as string;
  const thousands = Math.floor(number / 1000);
  const last = GROUPS[number - thousands * 1000];
  if (thousands < 1000) return `${SHORT[thousands]}${last}`;
  if (thousands !== high) {
    high = thousands;
    highDigits = thousands.toFixed(0);
  }
  return `${highDigits}${last}`;
}
