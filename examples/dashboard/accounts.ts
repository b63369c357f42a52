/** Money that only changes hands: whatever a viewer sees of it is TOTAL in all, or the halves of a change came apart. */

const ACCOUNTS = 100;
const EACH = 1000;
export const TOTAL = ACCOUNTS * EACH;

const nameOf = (nth: number): string => `account-${String(nth % ACCOUNTS).padStart(2, "0")}`;

export const balances = new Map(Array.from({ length: ACCOUNTS }, (_, nth) => [nameOf(nth), EACH]));

/** From one to another: both new balances, to be set in one change. */
export function transfer(): ReadonlyMap<string, number> {
  const nth = Math.floor(Math.random() * ACCOUNTS);
  const [from, to] = [nameOf(nth), nameOf(nth + 1 + Math.floor(Math.random() * (ACCOUNTS - 1)))];
  const [has, had] = [balances.get(from) ?? 0, balances.get(to) ?? 0];
  const amount = Math.min(has, 1 + Math.floor(Math.random() * 200));
  balances.set(from, has - amount).set(to, had + amount);
  return new Map([from, to].map((name) => [name, balances.get(name) ?? 0]));
}
