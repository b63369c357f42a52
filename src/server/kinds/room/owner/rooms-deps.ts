/** What the rooms that a node owns need of it. */
import type { Broker } from "../../../../broker/index.js";
import type { Clock, Random } from "../../../../protocol/index.js";
import type { RoomDef } from "../../../../room/shape.js";
import type { Logger } from "../../../logger.js";
import type { StepMarks } from "../watch/steps.js";
import type { RoomMail } from "./mail.js";
import type { TenureOptions } from "./tenure.js";

/** So many rooms a node owns unless it is told otherwise. */
export const MOST_ROOMS = 500;

export interface RoomsDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** This node's, which others of its parts use as well. */
  readonly mail: RoomMail;
  /** The code of a room, by its channel; undefined: none of this node's channels. */
  readonly define: (channel: string) => RoomDef | undefined;
  /** Default: reigns of 3 s, of which owners use all but half a second. */
  readonly times?: TenureOptions;
  /** How many it owns at most. Default: {@link MOST_ROOMS}. */
  readonly most?: number;
  /**
   * Which rooms it takes of those that their last owner may have died of: none, or one while it has no others; `only`: no others,
   * as a helper does, see R9. Default `alone`.
   */
  readonly marked?: "alone" | "none" | "only";
  /** Where the code of rooms is marked as it runs. Default: nowhere. */
  readonly marks?: StepMarks;
  /** Told of a room that this node was asked for and must not take: its last owner may have died of it. */
  readonly onMarked?: (channel: string) => void;
}
