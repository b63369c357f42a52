import type { PresenceEvent } from "./events.js";
import type { Findings } from "./findings.js";

/** Judges a list of who is there: by who really is, or by what its owner was told since the list before. */
export function judgePresence(event: PresenceEvent, findings: Findings): void {
  const { subscriber, channel, seen } = event;
  const wanted = event.is === "members" ? event.expected : event.told;
  const missing = wanted.filter((id) => !seen.includes(id));
  const extra = seen.filter((id) => !wanted.includes(id));
  if (missing.length + extra.length === 0) return;
  const against = event.is === "members" ? "who is there" : "the joins and leaves it was told";
  const list = [...missing.map((id) => `misses ${id}`), ...extra.map((id) => `has ${id} too many`)].join(
    ", ",
  );
  findings.add("presence", `${subscriber}'s list of ${channel} is not ${against}: it ${list}`);
}
