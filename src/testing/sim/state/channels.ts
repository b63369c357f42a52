/** The channels of keys and values in the simulated application, and who may see what of them. */
import type { AnySchema } from "../../../server/channels/define.js";
import { slotsChannel, type StateOptions } from "../../../server/channels/define-state.js";
import { ChannelRegistry } from "../../../server/channels/registry.js";
import { DEDUPE_MS } from "../channels.js";

/** How many tombstones each keeps: whoever is away for a while on the first one begins anew. */
export const GRAVES: Readonly<Record<string, number>> = { "few/a": 6, "keys/a": 1000 };
export const CHANNELS: readonly string[] = Object.keys(GRAVES);

/** Whether a client may see nothing but accounts. It may change everything. */
function seesAccountsOnly(client: string): boolean {
  return Number(client.slice(client.indexOf(".") + 1)) % 4 === 3;
}

/** The view of which a client is told who asks for that one. */
export function viewFor(client: string, asked: string): string {
  if (!seesAccountsOnly(client)) return asked;
  return asked.startsWith("few") ? "few accounts" : "accounts";
}

type Allow = NonNullable<StateOptions<{ readonly id: string }, string, AnySchema>["allow"]>;

const allow: Allow = ({ action, user }) =>
  action === "subscribe" && seesAccountsOnly(user.id) ? { prefix: "acct/" } : true;

export function stateRegistry(): ChannelRegistry {
  return new ChannelRegistry([
    ["few/:id", slotsChannel({ allow, dedupe: DEDUPE_MS, graves: { count: GRAVES["few/a"] ?? 0 } })],
    [
      "keys/:id",
      slotsChannel({ allow, dedupe: DEDUPE_MS, graves: { count: GRAVES["keys/a"] ?? 0, for: 20_000 } }),
    ],
  ]);
}
