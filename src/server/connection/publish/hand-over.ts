/** The way of a publish that has passed its checks. */
import type { ChangesDraft, Draft, SlotsOptions } from "../../../broker/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import type { SlotsKind } from "../../kinds/slots-kind.js";
import type { ServerNode } from "../node.js";
import type { ChangesJob, Job } from "./appender.js";
import type { Outcome } from "./outcome.js";

/** What waits for its outcome: appended or sent, as the channel has it. */
export interface HandedOver extends Job {
  done(outcome: Outcome): void;
}

/**
 * Hands a draft over to the log, or straight to everybody where there is none.
 *
 * @param slot whose earlier signals this one takes the place of, where there is no log
 * @throws {TidemarkError} where the data is not what the kind of channel takes
 */
export function handOver(
  node: ServerNode,
  { name, def }: ResolvedChannel,
  draft: Draft,
  job: HandedOver,
  slot: string,
): void {
  const { kind, log, slots } = def;
  switch (kind.by) {
    case "entries":
      return node.appender.append(name, log, job);
    case "slots": {
      const asked = kind.changes(draft.data);
      return node.appender.change(name, slots as SlotsOptions, changesJob(asked, draft.meta, job));
    }
    case "nothing": {
      const { data, meta } = draft;
      const signal = meta === undefined ? { data, slot } : { data, slot, meta };
      node.appender.signal(name, { signal, done: (outcome) => job.done(outcome) });
    }
  }
}

/** The same job, with what its data asks for. */
function changesJob(
  asked: ReturnType<SlotsKind["changes"]>,
  meta: string | undefined,
  job: HandedOver,
): ChangesJob {
  const told = metaWithTtl(meta, asked.changes);
  return {
    draftAt(now): ChangesDraft | undefined {
      const draft = job.draftAt(now);
      if (draft === undefined) return undefined;
      const { key, within } = draft;
      return {
        key,
        ...asked,
        ...(told !== undefined && { meta: told }),
        ...(within !== undefined && { within }),
      };
    },
    aborted: () => job.aborted(),
    done: (outcome) => job.done(outcome),
  };
}

/** Nodes that hear of changes know by their meta when the first of the slots is due, as far as this publish says it. */
function metaWithTtl(meta: string | undefined, changes: ChangesDraft["changes"]): string | undefined {
  let least = Infinity;
  for (const { ttl } of changes) least = Math.min(least, ttl ?? Infinity);
  if (least === Infinity) return meta;
  return meta === undefined ? `{"ttl":${least}}` : `${meta.slice(0, -1)},"ttl":${least}}`;
}
