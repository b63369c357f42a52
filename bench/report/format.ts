/** How figures are written. */

export type Unit = "µs" | "ms" | "s" | "%" | "KB" | "MB" | "k/s" | "";

/** A figure with about three digits: as many as rounds agree on. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return value.toFixed(3);
}

export function withUnit(value: number | undefined, unit: Unit): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (unit === "%") return `${Math.round(value)} %`;
  if (unit === "") return `${digits(value)} ×`;
  return `${digits(value)} ${unit}`;
}
