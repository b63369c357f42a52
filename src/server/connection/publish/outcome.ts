/** What became of a publish, and what its publisher is told of that. */
import type { Appended } from "../../../broker/index.js";
import { TidemarkError } from "../../errors.js";

/** What became of a publish. `late`: its time was over before the broker was asked. */
export type Outcome = Appended | "aborted" | "late" | "sent" | Error;

/** The offset, or what to tell the publisher. */
export function readOutcome(outcome: Outcome, keyed: boolean): number | TidemarkError {
  if (outcome === "sent") return 0;
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
  if ("offset" in outcome) return outcome.offset;
  return outcome.error === "key_conflict"
    ? new TidemarkError("key_conflict", "this idem was used before with another payload")
    : new TidemarkError("outcome_unknown", "this idem is older than what is still remembered");
}

export function abortedError(): TidemarkError {
  return new TidemarkError("aborted", "an earlier publish to this channel failed; send that one again first");
}
