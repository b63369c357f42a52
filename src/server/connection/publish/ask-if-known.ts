/** Whether a log knows a publish already, by its key. */
import { ONLY_IF_KNOWN, type Broker, type Change, type Key } from "../../../broker/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";

/** Something to go with a key, where only the key is asked about. */
export const NO_CHANGE: readonly Change[] = [{ slot: "", data: undefined }];

/**
 * The question is an append whose time is over: known keys are answered, and nothing else is appended. Rejects with the broker's
 * error.
 */
export async function isKnown(broker: Broker, { name, def }: ResolvedChannel, key: Key): Promise<boolean> {
  const [answer] = await ask(broker, name, def, key);
  return !(answer !== undefined && "error" in answer && answer.error === "outcome_unknown");
}

function ask(
  broker: Broker,
  name: string,
  { slots, log }: ResolvedChannel["def"],
  key: Key,
): ReturnType<Broker["append"]> | ReturnType<Broker["change"]> {
  const within = ONLY_IF_KNOWN;
  if (slots === undefined) return broker.append(name, [{ data: "null", key, within }], log);
  return broker.change(name, [{ key, changes: NO_CHANGE, within }], slots);
}
