import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openForReading } from "../../../../src/broker/local/environment.js";

/** A folder that nobody else has. */
export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), "tidemark-local-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true });
}

/** Real time, where a rule is about time. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How many rows are on a folder's disk, in all tables. */
export async function rowsOf(folder: string): Promise<number> {
  const { root, channels, entries, keys, erasures, about } = openForReading(folder);
  root.resetReadTxn();
  const counts = [channels, entries, keys, erasures, about].map((table) => table.getKeysCount());
  root.resetReadTxn();
  await root.close();
  return counts.reduce((sum, count) => sum + count, 0);
}
