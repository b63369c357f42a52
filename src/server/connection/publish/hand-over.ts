/** The way of a publish that has passed its checks. */
import type { Draft } from "../../../broker/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import type { ServerNode } from "../node.js";
import type { Job } from "./appender.js";
import type { Outcome } from "./outcome.js";

/** What waits for its outcome: appended or sent, as the channel has it. */
export interface HandedOver extends Job {
  done(outcome: Outcome): void;
}

/**
 * Hands a draft over to the log, or straight to everybody where there is none.
 *
 * @param slot whose earlier signals this one takes the place of, where there is no log
 */
export function handOver(
  node: ServerNode,
  { name, def }: ResolvedChannel,
  draft: Draft,
  job: HandedOver,
  slot: string,
): void {
  if (!def.kind.logged) {
    const { data, meta } = draft;
    const signal = meta === undefined ? { data, slot } : { data, slot, meta };
    node.appender.signal(name, { signal, done: (outcome) => job.done(outcome) });
  } else node.appender.append(name, def.log, job);
}
