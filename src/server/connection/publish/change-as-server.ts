/** Changes that the application itself makes to a state channel. */
import type { Change } from "../../../broker/index.js";
import type { Cursor } from "../../../protocol/index.js";
import { mustHaveKeys } from "../../channels/keys.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { TidemarkError } from "../../errors.js";
import type { ChangeRequest } from "../../kinds/slots-kind.js";
import type { ServerNode } from "../node.js";
import { presentable } from "../presentable.js";
import type { Dependence } from "./changes/change-job.js";
import { NOTHING_HELD, decideChanges } from "./changes/decide-changes.js";
import { namedIn } from "./changes/way.js";
import { handOverChanges } from "./hand-over.js";
import { ownKey } from "./keys.js";
import { readOutcome, type Outcome } from "./outcome.js";
import { copyOfJson } from "./payload.js";

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/**
 * Changes keys for the application itself: schema, merge, then log; no `allow` and no `onChange`. Values are taken as they are at the
 * call. Rejects with a {@link TidemarkError}; where a condition does not hold it is `conflict`, whose `details` say what there is.
 *
 * @example await changeAsServer(node, resolved, readChangeRequest({ set: { "web-1": { cpu: 0.5 } } }))
 */
export async function changeAsServer(
  node: ServerNode,
  resolved: ResolvedChannel,
  request: ChangeRequest,
): Promise<{ readonly cursor: Cursor; readonly same: boolean }> {
  const { kind } = mustHaveKeys(resolved);
  const deciding = { node, resolved, kind };
  const patches = { ...request, set: NOTHING, delete: [], merge: copyOf(request.merge) };
  const certain = await decideChanges(deciding, { ...request, merge: NOTHING }, NOTHING_HELD);
  const decide: Dependence["decide"] = async (held) => {
    const merged = await decideChanges(deciding, patches, held);
    const changes = [...certain, ...merged];
    kind.mustFit(changes);
    return changes;
  };
  const slots = [...patches.merge.keys()];
  const changes = slots.length === 0 ? certain : { slots, named: namedIn(request), decide };
  return handedOver(node, resolved, request, changes);
}

function handedOver(
  node: ServerNode,
  resolved: ResolvedChannel,
  { if: conditions }: ChangeRequest,
  changes: readonly Change[] | Dependence,
): Promise<{ readonly cursor: Cursor; readonly same: boolean }> {
  const draft = { key: ownKey(node) };
  return new Promise((resolve, reject) => {
    const refused = (thrown: unknown): void =>
      reject(presentable({ node, client: "server" }, thrown, "change the keys"));
    const done = (outcome: Outcome): void => {
      const result = readOutcome(outcome, false);
      if (result instanceof TidemarkError) return reject(result);
      if (!("epoch" in result)) return refused(new Error("an outcome of changes without its epoch"));
      const { epoch, offset, same = false } = result;
      resolve({ cursor: { epoch, offset }, same });
    };
    const base = { draftAt: () => draft, aborted: () => false, done, refused };
    // Its calls do not wait for one another, but about the same keys.
    handOverChanges(node, resolved, { base, order: undefined, conditions, changes });
  });
}

/** What is merged is needed later than the call, and may be something else by then. */
function copyOf(merge: ChangeRequest["merge"]): ChangeRequest["merge"] {
  return new Map([...merge].map(([key, fields]) => [key, copyOfJson(fields)]));
}
