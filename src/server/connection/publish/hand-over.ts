/** The way of a publish that has passed its checks. */
import type { Draft, SlotsOptions } from "../../../broker/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { TidemarkError } from "../../errors.js";
import type { Kind } from "../../kinds/kind.js";
import type { ServerNode } from "../node.js";
import type { Job } from "./appender.js";
import { ChangeJob, type ChangeJobParts } from "./changes/change-job.js";
import type { Outcome } from "./outcome.js";

/** What waits for its outcome: appended or sent, as the channel has it. */
export interface HandedOver extends Job {
  done(outcome: Outcome): void;
}

/**
 * Hands a draft over to the log, or straight to everybody where there is none.
 *
 * @param slot whose earlier signals this one takes the place of, where there is no log
 * @throws {TidemarkError} `wrong_kind` where the channel is kept by slots: see {@link handOverChanges}; and of a room
 */
export function handOver(
  node: ServerNode,
  { name, def }: ResolvedChannel,
  draft: Draft,
  job: HandedOver,
  slot: string,
): void {
  const { kind, log } = def;
  switch (kind.by) {
    case "entries":
      return node.appender.append(name, log, job);
    case "slots":
    case "room":
      throw notPublished(name, kind);
    case "nothing": {
      const { data, meta } = draft;
      const signal = meta === undefined ? { data, slot } : { data, slot, meta };
      node.appender.signal(name, { signal, done: (outcome) => job.done(outcome) });
    }
  }
}

/** A message was published where there are none. */
export function notPublished(channel: string, kind: Kind): TidemarkError {
  const named = JSON.stringify(channel);
  const instead =
    kind.by === "room"
      ? `nobody publishes to it; players send inputs, with ${kind.handle(channel)}`
      : `change its keys, with app.state(${named})`;
  return new TidemarkError("wrong_kind", `${named} is a ${kind.name}: ${instead}`);
}

/** Hands changes over to the log of a channel that is kept by slots. */
export function handOverChanges(
  node: ServerNode,
  { name, def }: ResolvedChannel,
  parts: ChangeJobParts,
): void {
  node.appender.change(name, def.slots as SlotsOptions, new ChangeJob(parts));
}
