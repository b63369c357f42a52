/**
 * The brokers that a seed chooses from: each is the same store behind what the real one is weak at. A fault of the broker that
 * a model does not name does not happen with it.
 */
import type { Random } from "../../protocol/index.js";
import { pick } from "./fork.js";

export type BrokerModel = "redis" | "local" | "memory";

export const BROKER_MODELS: Readonly<Record<BrokerModel, readonly string[]>> = {
  /**
   * Commands whose answer is lost although the append was applied; pub/sub that is cut and comes back by itself, with
   * `onReset`; a failover to a replica that lags; a restart without persistence. It never says anything twice.
   */
  redis: [
    "dropHints",
    "lateHints",
    "loseRequests",
    "loseAnswers",
    "slowAnswers",
    "strandAppends",
    "cutFollower",
    "outage",
    "longOutage",
    "failover",
    "restartEmpty",
    "jumpBrokerClock",
    "endOfOffsets",
  ],
  /**
   * A writer that is killed and comes back with everything, its answers lost (`outage`); a loss of power, after which hints
   * have told of what was not flushed (`failover`); a folder from an earlier time, which it notices; a disk that is full; readers whose page is older than the hint (`slowAnswers`).
   */
  local: [
    "dropHints",
    "repeatHints",
    "lateHints",
    "loseAnswers",
    "slowAnswers",
    "strandAppends",
    "cutFollower",
    "outage",
    "failover",
    "earlierFolder",
    "fullDisk",
    "jumpBrokerClock",
    "endOfOffsets",
  ],
  /** In the server's own process: its clock jumps, and it forgets everything when it starts again. */
  memory: ["restartEmpty", "jumpBrokerClock", "endOfOffsets"],
};

const NAMED = new Set(Object.values(BROKER_MODELS).flat());
/** Those with much that can go wrong are drawn more often; without a model anything may. */
const DRAWN = ["redis", "redis", "local", "local", "memory", "any", "any"] as const;

export function drawBroker(random: Random): BrokerModel | undefined {
  const model = pick(random, DRAWN);
  return model === "any" ? undefined : model;
}

/** Whether a fault can happen with a broker: those of other things always can. */
export function happensWith(model: BrokerModel | undefined, fault: string): boolean {
  return model === undefined || !NAMED.has(fault) || BROKER_MODELS[model].includes(fault);
}
