/** What became of a publish, and what its publisher is told of that. */
import type { Appended, Changed, Placed, RefusedChanges } from "../../../broker/index.js";
import { formatCursor } from "../../../protocol/index.js";
import { digitsOf } from "../../../protocol/digits.js";
import { TidemarkError } from "../../errors.js";

/** What became of a publish. `late`: its time was over before the broker was asked. */
export type Outcome = Appended | Changed | "aborted" | "late" | "sent" | Error;

/** Where a publish is: on a channel that is kept by slots with the epoch, and whether it changed anything. */
export type Published = Extract<Appended, { readonly offset: number }> | (Placed & { readonly same?: true });

const SENT: Published = { offset: 0, duplicate: false };

/** Where it is, or what to tell the publisher. */
export function readOutcome(outcome: Outcome, keyed: boolean): Published | TidemarkError {
  if (outcome === "sent") return SENT;
  if (outcome === "aborted") return abortedError();
  if (outcome === "late")
    return new TidemarkError("outcome_unknown", "it waited for longer than keys are remembered");
  if (outcome instanceof Error) {
    // Whether the publish was appended is not known. With a key of the client's own, trying again is safe.
    if (keyed)
      return new TidemarkError("unavailable", "the broker did not confirm it; retry with the same key", {
        cause: outcome,
      });
    return new TidemarkError(
      "outcome_unknown",
      "the broker did not confirm it; without idem a retry may double it",
      { cause: outcome },
    );
  }
  if ("offset" in outcome) return outcome;
  switch (outcome.error) {
    case "key_conflict":
      return new TidemarkError("key_conflict", "this idem was used before with another payload");
    case "outcome_unknown":
      return new TidemarkError("outcome_unknown", "this idem is older than what is still remembered");
    case "fenced":
      return new TidemarkError("unavailable", "another server writes this channel now; retry");
    default:
      return refusedError(outcome);
  }
}

/** As the answer says it. */
export function publishedText(published: Published): string {
  if (!("epoch" in published)) return `{"offset":${digitsOf(published.offset)}}`;
  const same = published.same === true ? ',"same":true' : "";
  return `{"cursor":${JSON.stringify(formatCursor(published))}${same}}`;
}

function refusedError(refused: RefusedChanges): TidemarkError {
  switch (refused.error) {
    case "conflict": {
      const now: [string, unknown][] = [];
      for (const [slot, data] of refused.now)
        now.push([slot, typeof data === "string" ? JSON.parse(data) : null]);
      return new TidemarkError("conflict", "a condition does not hold", {
        details: { cursor: formatCursor(refused.at), now: Object.fromEntries(now) },
      });
    }
    case "log_full": {
      const limit = refused.limit === "count" ? "keys" : "bytes";
      return new TidemarkError("limit_reached", `the channel has no room for more ${limit}`, {
        details: { limit },
      });
    }
    case "cursor_ahead":
      return new TidemarkError("bad_request", "if.since is beyond the end of the log");
  }
}

export function abortedError(): TidemarkError {
  return new TidemarkError("aborted", "an earlier publish to this channel failed; send that one again first");
}
