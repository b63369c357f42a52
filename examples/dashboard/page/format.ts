/** Numbers as people read them. */

const whole = new Intl.NumberFormat("en");
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const showWhole = (value: number): string => whole.format(Math.round(value));

export const showTenths = (value: number): string => tenths.format(value);

export const showPrice = (value: number): string => hundredths.format(value);

export function showPercent(value: number): string {
  return `${value > 0 ? "+" : ""}${hundredths.format(value === 0 ? 0 : value)} %`;
}

/** @example showBytes(12_345) // "12.3 KB" */
export function showBytes(bytes: number): string {
  if (bytes < 1000) return `${whole.format(Math.round(bytes))} B`;
  return bytes < 1e6 ? `${tenths.format(bytes / 1000)} KB` : `${tenths.format(bytes / 1e6)} MB`;
}

/** @example showAge(1234) // "1.2 s" */
export function showAge(ms: number): string {
  return ms < 1000 ? `${whole.format(Math.max(0, Math.round(ms)))} ms` : `${tenths.format(ms / 1000)} s`;
}

/** @example showRate(0.2) // "one in 5 s" */
export function showRate(rate: number): string {
  if (rate < 1) return `one in ${whole.format(Math.round(1 / rate))} s`;
  return rate === 1 ? "one a second" : `${whole.format(rate)} a second`;
}
