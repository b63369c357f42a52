import type { OwnerReport } from "../owner-report.js";
import type { Run } from "../run/run.js";
import type { ReignRecord } from "./room-log.js";
import type { TickMeter } from "./tick-meter.js";

/** What there is to say of a room, by who runs it. */
export function reportOf(
  { node, name, n, short }: ReignRecord,
  { tick, seats, reserved }: Pick<Run, "tick" | "seats" | "reserved">,
  { tickTime, late }: Pick<TickMeter, "tickTime" | "late">,
): OwnerReport {
  const shown = [...seats.values()].map(({ shown: { id, user, here } }) => ({ id, user, here }));
  return { node, reign: name, n, tick, seats: shown, reserved, short, tickTime, ticksLate: late };
}
