/** What a request to a state channel comes to, once it is known what the slots hold that it depends on. */
import type { Change } from "../../../../broker/index.js";
import type { Revision, Shown } from "../../../channels/define.js";
import type { ResolvedChannel } from "../../../channels/registry.js";
import { andThen, validateEach } from "../../../channels/validate.js";
import { TidemarkError } from "../../../errors.js";
import type { ChangeRequest, SlotsKind } from "../../../kinds/slots-kind.js";
import type { ServerNode } from "../../node.js";
import { encodeValue } from "../payload.js";
import type { Held } from "./change-job.js";

export const NOTHING_HELD: Held = new Map<string, never>();

/** By what a request is decided. */
export interface Deciding {
  readonly node: ServerNode;
  readonly resolved: ResolvedChannel;
  readonly kind: SlotsKind;
  /** Asks the application. What it rejects with refuses the request. */
  readonly revise?: ((shown: Shown) => Revision | void | PromiseLike<Revision | void>) | undefined;
}

/**
 * The changes of a request: merges as what they come to, then the schema, then what the application makes of it. Never changes the
 * request, but schema and application may change the values in it.
 *
 * @param held what the slots hold that it depends on
 * @throws {TidemarkError} `invalid`, `too_large`, `limit_reached`, or what the application throws
 */
export function decideChanges(
  deciding: Deciding,
  request: ChangeRequest,
  held: Held,
): readonly Change[] | PromiseLike<readonly Change[]> {
  const { kind, resolved, revise } = deciding;
  return andThen(validateEach(resolved.def.schema, withMerged(kind, request, held)), (set) => {
    if (revise === undefined) return encoded(deciding, request, held, { ...request, set });
    const shown = { set, delete: request.delete, previous: parsed(held), ttl: request.ttl };
    return andThen(revise(shown), (revision) =>
      encoded(deciding, request, held, revision === undefined ? shown : revised(kind, shown, revision)),
    );
  });
}

function withMerged(
  kind: SlotsKind,
  { set, merge }: ChangeRequest,
  held: Held,
): ReadonlyMap<string, unknown> {
  if (merge.size === 0) return set;
  const wanted = new Map(set);
  for (const [slot, fields] of merge) wanted.set(slot, kind.merged(slot, held.get(slot), fields));
  return wanted;
}

/** What is to be done, with its values not encoded yet. */
interface Final {
  readonly set: ReadonlyMap<string, unknown>;
  readonly delete: readonly string[];
  readonly ttl?: number | undefined;
}

function encoded(
  { node, resolved: { name, def }, kind, revise }: Deciding,
  { merge }: ChangeRequest,
  held: Held,
  { set, delete: deleted, ttl }: Final,
): readonly Change[] {
  const changes: Change[] = [];
  try {
    for (const [slot, value] of set) {
      const data = encodeValue(slot, value, node);
      // A merge goes on with the time that there is.
      const life = ttl ?? (merge.has(slot) && held.get(slot) !== undefined ? "keep" : def.ttl);
      changes.push(life === undefined ? { slot, data } : { slot, data, ttl: life });
    }
  } catch (error) {
    // The application has to hear of it where it may be its own doing.
    const culprit = revise !== undefined ? "onChange" : def.schema !== undefined ? "the schema" : undefined;
    if (culprit !== undefined && error instanceof TidemarkError && error.code === "invalid")
      node.log.error(
        { channel: name, reason: error.message },
        `${culprit} returned what cannot be published`,
      );
    throw error;
  }
  for (const slot of deleted) changes.push({ slot, data: undefined });
  kind.mustFit(changes);
  return changes;
}

function parsed(held: Held): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [slot, data] of held) if (typeof data === "string") values.set(slot, JSON.parse(data));
  return values;
}

function revised(kind: SlotsKind, shown: Shown, revision: Revision): Final {
  const { set = shown.set, delete: deleted = shown.delete, ttl = shown.ttl } = revision;
  const values = new Map<string, unknown>(set instanceof Map ? set : Object.entries(set));
  for (const slot of [...values.keys(), ...deleted]) kind.slot(slot);
  kind.ttl(ttl);
  // What is deleted in the end is deleted: to set it by the way would make two changes of one slot.
  const gone = new Set(deleted);
  for (const slot of gone) values.delete(slot);
  if (values.size + gone.size > 0) return { set: values, delete: [...gone], ttl };
  throw new TidemarkError("rejected", "onChange left nothing of what was to be changed");
}
