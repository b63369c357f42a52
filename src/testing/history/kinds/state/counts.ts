/** Keys in which several publishers count by merging, each in a field of its own: nobody's count is lost by another one's. */

const PREFIX = "count/";

/** What a change of such a key, made by that publisher, does wrong; `undefined`: nothing. Setting it to nothing is no counting. */
export function miscounted(
  slot: string,
  before: string | null,
  after: string | null,
  publisher: string,
): string | undefined {
  if (!slot.startsWith(PREFIX) || after === null || after === "{}") return undefined;
  const counts = JSON.parse(after) as Record<string, number>;
  for (const [who, count] of Object.entries(JSON.parse(before ?? "{}") as Record<string, number>)) {
    const now = counts[who] ?? 0;
    if (who === publisher ? now <= count : now !== count)
      return `${publisher} made of ${who}'s ${count} in ${slot} ${now}`;
  }
  return undefined;
}
