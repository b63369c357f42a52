/** Which slots a subscriber wants, as it has said it. */
import { hash } from "node:crypto";
import type { SlotFilter } from "../../../protocol/index.js";
import type { View } from "../slots-kind.js";

/** Long enough that two filters of one application do not share it, and short enough to come with every cursor. */
const ID_CHARACTERS = 8;

/** Everything. */
export const ALL: View = { id: undefined, key: "", wants: () => true };

/** A prefix, or a list of names; everything where neither is given. */
export function viewOf({ prefix, keys }: SlotFilter): View {
  if (keys !== undefined) {
    const names = [...new Set(keys)].sort();
    const wanted = new Set(names);
    return { ...nameOf(JSON.stringify(names)), names, wants: (slot) => wanted.has(slot) };
  }
  if (prefix === undefined || prefix === "") return ALL;
  return { ...nameOf(JSON.stringify(prefix)), prefix, wants: (slot) => slot.startsWith(prefix) };
}

function nameOf(key: string): Pick<View, "id" | "key"> {
  return { id: hash("sha256", key, "base64url").slice(0, ID_CHARACTERS), key };
}
