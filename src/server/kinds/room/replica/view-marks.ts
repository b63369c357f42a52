import { watchedOf, type StepMarks, type Watched } from "../watch/steps.js";
import type { FoundReign } from "./reigns.js";

/** Where views are marked as they are asked for: code of the room that runs on nodes with players. */
export interface ViewMarks {
  readonly marks: StepMarks;
  /** The newest reign; undefined: none is known. */
  readonly of: () => Watched | undefined;
}

export interface ViewMarksDeps {
  /** Default: nobody watches. */
  readonly marks?: StepMarks | undefined;
  /** What an owner on this node marks its steps with: `Rooms.watchedOf`. */
  readonly watchedOf?: ((channel: string, reign: string) => Watched | undefined) | undefined;
}

/** @param newest the newest reign that is known */
export function viewMarks(
  { marks, watchedOf: ownOf }: ViewMarksDeps,
  channel: string,
  newest: () => FoundReign | undefined,
): ViewMarks | undefined {
  if (marks === undefined) return undefined;
  let watched: Watched | undefined;
  return {
    marks,
    // Hot path: once a player and tick.
    of: () => {
      const found = newest();
      if (found === undefined || watched?.reign === found.name) return watched;
      const { name: reign, node: owner } = found;
      // An owner elsewhere has to be told: nobody else writes its log.
      return (watched =
        ownOf?.(channel, reign) ?? watchedOf({ room: channel, reign, owner, held: undefined }));
    },
  };
}
