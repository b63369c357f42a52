/** Which keys of a state channel viewers see: by name, so that a history can tell of them. */

/** A filter, as a subscriber says it. */
export interface NamedView {
  readonly prefix?: string;
  readonly keys?: readonly string[];
}

export const VIEWS: Readonly<Record<string, NamedView>> = {
  all: {},
  accounts: { prefix: "acct/" },
  beats: { prefix: "beat/" },
  few: { keys: ["acct/0", "k/1", "k/2", "once/0"] },
  // What both let through who may see accounts only.
  "few accounts": { keys: ["acct/0"] },
};

export const VIEW_NAMES: readonly string[] = Object.keys(VIEWS);

export function isSeen(view: string, slot: string): boolean {
  const { prefix = "", keys } = VIEWS[view] ?? {};
  return keys === undefined ? slot.startsWith(prefix) : keys.includes(slot);
}
