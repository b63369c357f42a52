/** A length of time: milliseconds, or a text such as "500ms", "30s", "5m", "12h", "7d". */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The duration in milliseconds; `fallback` when there is none.
 *
 * @throws {TypeError} when it is not one, naming `what`
 */
export function duration(value: Duration | undefined, fallback: number, what: string): number {
  if (value === undefined) return fallback;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(value));
  const ms = typeof value === "number" ? value : Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new TypeError(
    `${what} must be milliseconds or a text such as "30s", "5m" or "7d", not ${JSON.stringify(value)}`,
  );
}
