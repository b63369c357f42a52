/** Numbers as text, where they are many. */

/** The numbers below 1,000, as they are and with three digits. */
const SHORT = Array.from({ length: 1000 }, (_, number) => String(number));
const GROUPS = SHORT.map((digits) => digits.padStart(3, "0"));

/**
 * A whole number that hardly comes twice, such as an offset or an id, as text. `String` and templates remember what they
 * made in case the number comes again: such texts get old before they are let go of, and collecting what is old stops a
 * node.
 */
export function digitsOf(number: number): string {
  if (number < 1000) return SHORT[number] as string;
  // What peers count is small, and put together in a fifth of the time.
  if (number >= 1_000_000) return number.toFixed(0);
  const thousands = Math.floor(number / 1000);
  return `${SHORT[thousands]}${GROUPS[number - thousands * 1000]}`;
}
