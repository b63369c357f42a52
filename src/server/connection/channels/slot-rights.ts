/** Which keys of a channel somebody may see and change: what `allow` says, held against what is asked for. */
import type { SlotFilter, SubscribeOptions } from "../../../protocol/index.js";
import type { AllowContext, Context, Verdict } from "../../channels/define.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { andThen } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { ChangeRequest } from "../../kinds/slots-kind.js";
import type { ServerNode } from "../node.js";
import { forbidden } from "./access.js";

type Action = AllowContext["action"];

/**
 * What a subscription sees: what it asks for, as far as that is allowed.
 *
 * @throws {TidemarkError} `forbidden` where that is nothing
 */
export async function narrowed(
  node: ServerNode,
  context: Context,
  resolved: ResolvedChannel,
  options: SubscribeOptions,
): Promise<SubscribeOptions> {
  const { prefix, keys, ...rest } = options;
  const asked: SlotFilter = { ...(keys !== undefined && { keys }), ...(prefix !== undefined && { prefix }) };
  const verdict = await ask(node, resolved, { ...context, action: "subscribe", ...asked });
  const allowed = filterOf(verdict);
  const both = allowed && intersection(asked, allowed);
  if (both === undefined) throw forbidden("subscribe", resolved.name);
  return { ...rest, ...both };
}

/**
 * Goes on where somebody may do that to all of these keys.
 *
 * @throws {TidemarkError} `forbidden`, which names a key where others are allowed
 */
export function mustAllowKeys(
  node: ServerNode,
  context: Context,
  resolved: ResolvedChannel,
  action: Action,
  keys: readonly string[],
): void | PromiseLike<void> {
  if (keys.length === 0 || resolved.def.allow === undefined) return undefined;
  return andThen(ask(node, resolved, { ...context, action, keys }), (verdict) => {
    const allowed = filterOf(verdict);
    if (allowed === undefined) throw forbidden(action, resolved.name);
    const isAllowed = includes(allowed);
    const refused = keys.find((key) => !isAllowed(key));
    if (refused === undefined) return;
    const { name } = resolved;
    const message = `you may not ${action} ${JSON.stringify(refused)} on ${JSON.stringify(name)}`;
    throw new TidemarkError("forbidden", message);
  });
}

/** The same of all that a publish asks for. What its conditions tell of their keys is no less than what a `get` does. */
export function mustAllowChange(
  node: ServerNode,
  context: Context,
  resolved: ResolvedChannel,
  request: ChangeRequest,
): void | PromiseLike<void> {
  const { set, merge, delete: deleted, if: conditions } = request;
  if (resolved.def.allow === undefined) return undefined;
  const may = (action: Action, keys: readonly string[]): void | PromiseLike<void> =>
    mustAllowKeys(node, context, resolved, action, keys);
  return andThen(may("set", [...set.keys(), ...merge.keys()]), () =>
    andThen(may("delete", deleted), () =>
      may(
        "get",
        conditions.map(({ slot }) => slot),
      ),
    ),
  );
}

function ask(
  node: ServerNode,
  { name, def }: ResolvedChannel,
  context: AllowContext,
): Verdict | PromiseLike<Verdict> {
  return def.allow === undefined || node.slowHooks.watch(def.allow(context), "allow", name);
}

/** The keys that an answer of `allow` lets through; `undefined`: none. What is no answer is a mistake of the application's. */
function filterOf(verdict: unknown): SlotFilter | undefined {
  if (typeof verdict === "boolean") return verdict ? {} : undefined;
  if (typeof verdict === "object" && verdict !== null) {
    if ("prefix" in verdict && typeof verdict.prefix === "string") return { prefix: verdict.prefix };
    if ("keys" in verdict && Array.isArray(verdict.keys)) return { keys: verdict.keys.map(String) };
  }
  throw new TypeError("allow must answer with true, false, { prefix: text } or { keys: [text, …] }");
}

function includes({ prefix, keys }: SlotFilter): (key: string) => boolean {
  if (keys === undefined) return (key) => key.startsWith(prefix ?? "");
  const all = new Set(keys);
  return (key) => all.has(key);
}

/** What two filters both let through; `undefined`: nothing. */
function intersection(one: SlotFilter, other: SlotFilter): SlotFilter | undefined {
  const [list, filter] = one.keys === undefined ? [other.keys, one] : [one.keys, other];
  if (list !== undefined) {
    const keys = list.filter(includes(filter));
    return keys.length > 0 ? { keys } : undefined;
  }
  const [short = "", long = ""] = [one.prefix ?? "", other.prefix ?? ""].sort((a, b) => a.length - b.length);
  if (!long.startsWith(short)) return undefined;
  return long === "" ? {} : { prefix: long };
}
