/** What a frame says of a table that went from one state to another. */
import type { Fields, TableChange } from "../../../src/client/room/moving.js";

export function copyOf<R extends Fields>(rows: ReadonlyMap<string, R>): Map<string, R> {
  return new Map([...rows].map(([key, row]) => [key, { ...row }]));
}

/** What is to be told to one who knows `old`. */
export function changeOf<R extends Fields>(
  old: ReadonlyMap<string, R>,
  now: ReadonlyMap<string, R>,
): TableChange<R> {
  const enters = new Map<string, R>();
  const updates = new Map<string, R>();
  for (const [key, row] of now) {
    const before = old.get(key);
    if (!before) enters.set(key, row);
    else if (Object.keys(row).some((name) => row[name] !== before[name])) updates.set(key, row);
  }
  return { leaves: [...old.keys()].filter((key) => !now.has(key)), enters, updates };
}
