/** What a room on a node with players is given. */
import type { Broker } from "../../../../broker/index.js";
import type { Clock, Random } from "../../../../protocol/index.js";
import type { RoomDef } from "../../../../room/shape.js";
import type { RoomMail } from "../owner/mail.js";
import type { Rooms } from "../owner/rooms.js";

export interface RoomPlaceDeps {
  readonly broker: Pick<Broker, "readSlots">;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly random: Pick<Random, "id">;
  readonly mail: Pick<RoomMail, "post">;
  /** Finds an owner. */
  readonly rooms: Pick<Rooms, "place">;
  /** Has `flush` called at the end of this turn. */
  readonly collect: (flush: () => void) => void;
  /** Told of what fails in here, and of the first view of a room that throws. Must not throw. */
  readonly onError: (error: unknown, channel: string) => void;
  /** The place is of no use any more. */
  readonly onClose?: () => void;
}

/** Which room it is. */
export interface RoomAt {
  readonly channel: string;
  /** This node's number for the channel, that lines begin with. */
  readonly ch: number;
  readonly def: RoomDef;
  /** What its players asked for, where they do not say it. */
  readonly match: ReadonlyMap<string, string>;
}
