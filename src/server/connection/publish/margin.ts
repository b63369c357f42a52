/** By how much a publish must be younger than its key's memory lasts, in milliseconds: for clocks, and for its way. */
export function marginOf(window: number): number {
  return Math.min(30_000, window / 10);
}
