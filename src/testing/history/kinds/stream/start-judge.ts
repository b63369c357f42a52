import type { SubscriberEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { LogModel } from "./log-model.js";

type Opened = SubscriberEvent & { is: "open" };

/**
 * Judges where a subscription began that asked for a time, or for so many messages back: not behind what it asked for
 * and the log has, and with a time not before it. A log that has lost something is not judged: whoever answered may
 * not have known of it yet.
 */
export function judgeStart(event: Opened, log: LogModel, findings: Findings): void {
  const { subscriber, at, since, last, asked = findings.time, complete } = event;
  if (log.losses > 0 || (since === undefined && last === undefined)) return;
  const wrong = (what: string): void =>
    findings.add("history", `${subscriber} begins at ${at.offset} of ${log.channel}, and ${what}`);
  const kept = log.countAfter(log.trimmed);
  if (last !== undefined) {
    const behind = Math.min(log.countAfter(Math.max(at.offset, log.trimmed)), last);
    if (behind < Math.min(last, kept)) wrong(`asked for the last ${last}, of which ${kept} are kept`);
  }
  if (since === undefined) return;
  const passed = log.range(since - 1, at.offset);
  const missing = passed.find(({ offset }) => offset > log.trimmed);
  if (missing !== undefined)
    wrong(`asked for all from ${since} on, such as ${missing.id} at ${missing.offset}`);
  if (complete !== undefined && complete !== (passed.length === 0))
    wrong(
      `is told that ${complete ? "nothing" : "something"} from ${since} on is missing, but ${passed.length} are`,
    );
  // What is appended while nothing is that late yet comes, whatever time it has.
  const [earlier] = log.range(at.offset, since - 1);
  if (earlier !== undefined && earlier.time < asked)
    wrong(`did not ask for ${earlier.id} at ${earlier.offset}, before ${since}`);
}
