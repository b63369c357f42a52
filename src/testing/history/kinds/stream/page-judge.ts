import type { PageEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { LogModel, ModelEntry } from "./log-model.js";

/** Judges a page of history: it is a piece of the log, whole, and says truly whether there is more. */
export function judgePage(page: PageEvent, log: LogModel, findings: Findings): void {
  const { reader, channel, before, since, complete, more } = page;
  // What is asked from a time on comes after everything that is older.
  const after = page.after ?? (since === undefined ? undefined : since - 1);
  const wrong = (what: string): void =>
    findings.add("history", `${reader} read a page of ${channel} in which ${what}`);
  const entries: ModelEntry[] = [];
  for (const { id, offset } of page.entries) {
    const entry = log.entriesOf(id).find((one) => one.offset === offset);
    if (entry === undefined) return wrong(`${id} is at ${offset}, where it never was`);
    const last = entries.at(-1);
    if (last !== undefined && entry.prev !== last.offset) {
      return wrong(`${entry.id} follows ${last.id}, but in the log it follows ${entry.prev}`);
    }
    entries.push(entry);
  }
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return;
  if (before !== undefined) {
    // Where the message that it asked about is still in the log, the page ends right before that one.
    const next = log.keptAt(before);
    if (next !== undefined && !last.void && next.prev !== last.offset) {
      wrong(`the last one is ${last.id}, but before ${before} comes ${next.prev}`);
    }
  }
  if (after === undefined && !more && first.prev > log.trimmed && !first.void) {
    wrong(`nothing is said to come before ${first.id}, but ${first.prev} does`);
  }
  if (after === undefined || first.void) return;
  if (first.offset <= after)
    wrong(`${first.id} is at ${first.offset}, and only what comes after ${after} was asked for`);
  if (complete && first.prev > after)
    wrong(`everything after ${after} is promised, but it begins after ${first.prev}`);
  if (first.prev > Math.max(after, log.trimmed))
    wrong(`${first.id} comes first, and ${first.prev} before it is after ${after} and kept`);
}
