import type { Broker } from "../../../../broker/index.js";
import type { Clock } from "../../../../protocol/index.js";
import type { OnError } from "../../../guard.js";
import type { Logger } from "../../../logger.js";
import type { Settings } from "../run/settings.js";
import type { RoomSignal } from "../tick-message.js";
import type { StepMarks } from "../watch/steps.js";
import type { Desk } from "./desk.js";
import type { RoomMail } from "./mail.js";
import type { TenureEnd, TenureOptions } from "./tenure.js";
import type { ThrowLog } from "./throw-log.js";
import type { TurnTaken } from "./tick-meter.js";

/**
 * Why an owner does not reign any more. `late`, `lost`: see {@link TenureEnd}. `fenced`: a write was refused. `broken`: the room cannot
 * go on here. `closed`: it has ended for good. `released`: it is saved, and whoever wants it has it. `deaf`: the same, since
 * its node does not hear itself.
 */
export type End =
  | { readonly is: TenureEnd | "fenced" | "broken" | "released" | "deaf" }
  | { readonly is: "closed"; readonly reason: string };

/** What a reign is given. */
export interface ReigningDeps {
  readonly broker: Broker;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly times: TenureOptions;
  readonly channel: string;
  readonly settings: Settings;
  readonly desk: Desk;
  readonly mail: Pick<RoomMail, "post">;
  readonly throwLog: ThrowLog;
  readonly marks: StepMarks;
  readonly onError: OnError;
  /** Called with each message, for who is on this node. */
  readonly onTold: (signal: RoomSignal) => void;
  /** A turn was taken. */
  readonly onTurn: (turn: TurnTaken) => void;
  /** Called once, and never within a call of this one's. */
  readonly onEnd: (end: End) => void;
}
