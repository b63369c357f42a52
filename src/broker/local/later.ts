/**
 * Changes that the writer of a directory makes as the first thing when it opens it again: what a thread beside it leaves there, while the
 * writer stands still and is about to be ended. A file beside the data, of one change or none.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ChangesDraft, SlotsOptions } from "../slots-contract.js";

const FILE = "later.json";

export interface Later {
  readonly channel: string;
  /** Of texts. */
  readonly drafts: readonly ChangesDraft[];
  readonly options: SlotsOptions;
}

/** Leaves it, in place of what is there. It is on the disk when this returns. @throws the system's error */
export function leaveLater(dir: string, later: Later): void {
  const path = join(dir, FILE);
  const file = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(file, JSON.stringify(later));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

/** What was left; undefined where there is nothing, or nothing that can be read. */
export function findLater(dir: string): Later | undefined {
  try {
    // Nobody writes this file but `leaveLater`.
    return JSON.parse(readFileSync(join(dir, FILE), "utf8")) as Later;
  } catch {
    return undefined;
  }
}

/** It is done, or cannot be. */
export function forgetLater(dir: string): void {
  rmSync(join(dir, FILE), { force: true });
}
