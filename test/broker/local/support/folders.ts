import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
