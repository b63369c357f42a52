/** What may be wrong between a node and the broker. */
import type { ReignStep } from "../../broker/log/reign.js";

/**
 * What may be wrong between a node and the broker. Sizes: chances from 0 to 1 for what is lost, dropped or
 * repeated, milliseconds for what is slow or late (a stranded append arrives when its connection has long been given
 * up, and overtakes nothing; a stray one takes a while of its own, and others overtake it); `cut`, `deaf` (nothing comes by
 * itself, though calls are answered) and `mute` (what it tells others reaches nobody) are there or not.
 */
export type BrokerTrouble =
  | "loseRequests"
  | "loseAnswers"
  | "slowAnswers"
  | "dropHints"
  | "repeatHints"
  | "lateHints"
  | "strandAppends"
  | "strayAppends"
  | "cut"
  | "deaf"
  | "mute";

/** What is asked of a broker. */
export type BrokerCommand =
  | "append"
  | "change"
  | ReignStep["do"]
  | "read"
  | "signal"
  | "send"
  | "follow"
  | "nodes"
  | "presence"
  | "lease";

/** What a test says of single commands. */
export interface BrokerScript {
  /** So many milliseconds more from one end to the other. */
  latency: number;
  /** How much later a command arrives than it should, in milliseconds: others overtake it. */
  late: (command: BrokerCommand) => number;
  /** Whether an answer gets lost, and its caller waits in vain. */
  losesAnswer: (command: BrokerCommand) => boolean;
}

/** What changes a log. */
export const WRITES: ReadonlySet<BrokerCommand> = new Set(["append", "change", "take", "renew", "release"]);
