/** The key that a publish has in the log, and what it costs its publisher. */
import type { Key, Payload } from "../../../broker/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { TidemarkError } from "../../errors.js";
import type { Caller, Identity } from "../caller.js";
import { fingerprint } from "./fingerprint.js";
import type { ServerNode } from "../node.js";

/** For how many publishers all together stand whose address is not known: half of what the broker remembers by default. */
const UNKNOWN_PUBLISHERS = 5;

/** For requests whose keys nobody can ever repeat: the numbers of this server's own that stand for those keys. */
const passing = new WeakMap<Caller, Map<string, number>>();

/** A key for an append whose publisher gave none: the broker's driver may repeat what it sends. */
export function ownKey(node: ServerNode): Key {
  // No number comes twice, so no other payload could have the same key.
  return { scope: node.scope, id: node.nextNumber(), print: 0 };
}

/**
 * The key for a publish whose publisher gave one. A number over a WebSocket, as the library sends them, costs nothing: the
 * broker has one place for all numbers of a connection or client.
 *
 * @throws {TidemarkError} `rate_limited` when too many keys of this publisher are remembered on the channel
 */
export function keyOf(
  connection: Caller,
  { scope, userId, sender }: Identity,
  { name, def }: ResolvedChannel,
  id: number | string,
  sent: Payload,
): Key {
  const print = fingerprint(sent);
  const { asksAgain, node } = connection;
  if (typeof id === "number" && !asksAgain) return { scope, id, print };
  if (!def.kind.logged) return { scope, id, print };
  if (asksAgain && sender === connection.client)
    return { scope: node.scope, id: passingNumber(connection, name, id), print };
  const key = typeof id === "number" ? scope : `${scope}\n${id}`;
  const { address } = connection;
  const who = userId !== undefined ? `u${userId}` : address === undefined ? "" : `a${address}`;
  const wait = node.keyShares.take(name, who, key, def.log.dedupe, who === "" ? UNKNOWN_PUBLISHERS : 1);
  if (wait === 0) return { scope, id, print };
  node.refused.keys++;
  throw new TidemarkError(
    "rate_limited",
    `${node.limits.keys} keys of yours are remembered on ${JSON.stringify(name)}; use numbers for keys, and one publisher secret`,
    { after: wait },
  );
}

/** The number that stands for a key of a request without a publisher secret: such keys mean nothing behind that request. */
function passingNumber(connection: Caller, channel: string, id: number | string): number {
  const numbers = passing.get(connection) ?? new Map<string, number>();
  passing.set(connection, numbers);
  const key = `${channel}\n${typeof id}${id}`;
  const number = numbers.get(key) ?? connection.node.nextNumber();
  numbers.set(key, number);
  return number;
}
