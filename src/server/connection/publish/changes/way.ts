/** How a client's request comes to its changes: at once, or by what slots hold when its turn has come. */
import type { Change } from "../../../../broker/index.js";
import type { Context } from "../../../channels/define.js";
import type { ResolvedChannel } from "../../../channels/registry.js";
import type { ChangeRequest, SlotsKind } from "../../../kinds/slots-kind.js";
import type { ServerNode } from "../../node.js";
import type { Dependence } from "./change-job.js";
import { NOTHING_HELD, decideChanges } from "./decide-changes.js";

/** Who asks, and where. */
export interface Asking {
  readonly node: ServerNode;
  readonly resolved: ResolvedChannel;
  readonly kind: SlotsKind;
  readonly context: Context;
  /** The name of the publish, for hooks. */
  readonly key: () => string;
}

/** What does not depend on anything: its changes, or a promise of them. */
export interface AtOnce {
  readonly changes: readonly Change[] | PromiseLike<readonly Change[]>;
}

/**
 * @param again reads the request anew: what a hook has done to the values of one try is nothing to the next
 * @throws {TidemarkError} what refuses a request that depends on nothing
 */
export function wayOf(
  { node, resolved, kind, context, key }: Asking,
  request: ChangeRequest,
  again: () => ChangeRequest,
): Dependence | AtOnce {
  const { onChange } = resolved.def;
  if (onChange === undefined) {
    const deciding = { node, resolved, kind };
    if (request.merge.size === 0) return { changes: decideChanges(deciding, request, NOTHING_HELD) };
    return {
      slots: [...request.merge.keys()],
      named: namedIn(request),
      decide: (held, tries) => decideChanges(deciding, tries === 0 ? request : again(), held),
    };
  }
  const named = namedIn(request);
  let name: string | undefined;
  const revise: Parameters<typeof decideChanges>[0]["revise"] = (shown) =>
    node.slowHooks.watch(
      onChange({ ...context, ...shown, key: (name ??= key()) }),
      "onChange",
      resolved.name,
    );
  const deciding = { node, resolved, kind, revise };
  return {
    slots: named,
    named,
    decide: (held, tries) => decideChanges(deciding, tries === 0 ? request : again(), held),
  };
}

/** All slots that a request is to change. */
export function namedIn({ set, merge, delete: deleted }: ChangeRequest): readonly string[] {
  return [...set.keys(), ...merge.keys(), ...deleted];
}
