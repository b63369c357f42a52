import { NOWHERE, type Placement } from "./placement.js";
import { readNote, type Takeover } from "./takeover.js";

/** Where a room is that was not taken over. */
export function placementOf(takeover: Exclude<Takeover, { is: "taken" }>): Placement {
  switch (takeover.is) {
    case "held": {
      const { node, name } = readNote(takeover.by);
      return { ...NOWHERE, owner: node, reign: name, refused: undefined, after: takeover.left };
    }
    case "closed":
      return { ...NOWHERE, refused: "room_closed", reason: takeover.reason };
    case "refused":
      return takeover.why === "alone" ? { ...NOWHERE, refused: "alone" } : NOWHERE;
    case "other":
      return NOWHERE;
  }
}
