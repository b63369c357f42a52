/** Vans that drive around blocks and say where they are; one that is stopped says nothing for a while. */

export interface Van {
  /** Where it is, on a map of 1,000 by 600. */
  readonly x: number;
  readonly y: number;
  /** When it said so, in milliseconds since 1970, by its own clock. */
  readonly at: number;
}

const SILENT_MS = 25_000;
const silentUntil = new Map(
  Array.from({ length: 24 }, (_, nth) => [`van-${String(nth + 1).padStart(2, "0")}`, 0]),
);

/** Where those are that say so now. */
export function report(at = Date.now()): ReadonlyMap<string, Van> {
  const all = [...silentUntil].map(([name, until], nth) => [name, until, placeOf(nth, at)] as const);
  return new Map(all.filter(([, until]) => until <= at).map(([name, , place]) => [name, { ...place, at }]));
}

export function stop(name: string): void {
  if (silentUntil.has(name)) silentUntil.set(name, Date.now() + SILENT_MS);
}

/** Around a block of streets that are 100 apart: while x goes from one side to the other y stays, and the other way round. */
function placeOf(nth: number, at: number): { x: number; y: number } {
  const side = (t: number): number => Math.min(1, Math.max(0, 2 * Math.abs(2 * (t % 1) - 1) - 0.5));
  const turn = at / (16_000 + nth * 900) + nth / 5;
  const [width, height] = [100 + (nth % 3) * 100, 100 + (nth % 2) * 100];
  const [left, top] = [100 + (nth % 6) * 100, 100 + (Math.floor(nth / 6) % 4) * 100];
  return { x: Math.round(left + width * side(turn)), y: Math.round(top + height * side(turn + 0.25)) };
}
