import type { Run } from "../run/run.js";
import { isFault } from "../run/faults.js";
import type { Restated } from "./ledger.js";
import type { MadeRecord, ReignRecord, SeatRecord } from "./room-log.js";

export interface Remembered {
  readonly run: Run;
  readonly made: MadeRecord;
  readonly reign: ReignRecord;
}

/** All that the log of a room has to say, out of what its owner remembers. */
export function restated({ run, made, reign }: Remembered): Restated {
  return { reign, made, seats: seatsIn(run), at: savedAt(run, reign.name), checkpoint: checkpointOf(run) };
}

/** Where a checkpoint of now lies. */
export function savedAt({ tick, time }: Run, reign: string): Restated["at"] {
  return { tick, time, reign };
}

export function seatsIn(run: Run): Map<string, SeatRecord> {
  return new Map([...run.seats].map(([id, { shown }]) => [id, { user: shown.user, join: shown.join }]));
}

/** The room as bytes; undefined where it is too large for that. */
export function checkpointOf(run: Run): Uint8Array | undefined {
  try {
    return run.checkpoint();
  } catch (error) {
    if (isFault(error, "checkpoint_too_large")) return undefined;
    throw error;
  }
}
