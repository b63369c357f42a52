import type { PageEvent } from "./events.js";
import type { Findings } from "./findings.js";
import type { LogModel, ModelEntry } from "./log-model.js";

/** Judges a page of history: it is a piece of the log, whole, and says truly whether there is more. */
export function judgePage(page: PageEvent, log: LogModel, findings: Findings): void {
  const { reader, channel, before, after, complete, more } = page;
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
  if (after !== undefined && complete && first.prev > after && !first.void) {
    wrong(`everything after ${after} is promised, but it begins after ${first.prev}`);
  }
}
