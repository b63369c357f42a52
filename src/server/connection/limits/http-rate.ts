/** How fast clients may go over HTTP, where each request is a connection of its own. */
import type { Caller, Identity } from "../caller.js";
import type { TokenBucket } from "./rate.js";
import { HEAVY } from "./turn-budget.js";

/** So many channels in a connect command cost as much as a command. */
const CHANNELS_PER_COMMAND = 10;
/** A request that would have to wait for longer than this, in milliseconds, is told to come back. */
const PATIENCE_MS = 500;

/**
 * One rate for all requests of a client: by its user and publisher secret, or without a secret by its user, or its address.
 * `undefined` for no limit, and for who cannot be told from others.
 */
export function rateOverHttp(connection: Caller, identity: Identity, now: number): TokenBucket | undefined {
  const { node, client, address } = connection;
  const { scope, sender, userId } = identity;
  if (sender !== client) return node.rates.of(scope, now);
  if (userId !== undefined) return node.rates.of(JSON.stringify([userId]), now);
  return address === undefined ? undefined : node.rates.of(JSON.stringify([null, "", address]), now);
}

/** From here on a request's commands count with all of its client's, and with all that come from its address. */
export function shareRates(connection: Caller, identity: Identity): void {
  const { node, address, allowance } = connection;
  const now = node.clock.monotonic();
  const ofAddress = address === undefined ? undefined : node.addressRates.of(address, now);
  allowance.share(rateOverHttp(connection, identity, now), ofAddress);
}

/** What a request costs its address, in commands: several times what a command over a WebSocket does. */
const REQUEST = 4;

/** What a connect command with so many channels costs its address, whose rate has room for many clients, in commands. */
export function costAtAddress(channels: number): number {
  return REQUEST + channels / CHANNELS_PER_COMMAND;
}

/** What a connect command with so many channels costs its client, in commands. */
export function costOf(channels: number): number {
  return 1 + channels / CHANNELS_PER_COMMAND;
}

/**
 * Takes a cost from a rate, and waits for its turn where that comes soon. Resolves with 0, or with the milliseconds after which
 * to try again.
 */
export async function inTurn({ node }: Caller, rate: TokenBucket | undefined, cost: number): Promise<number> {
  const wait = rate?.spend(node.clock.monotonic(), cost, PATIENCE_MS) ?? 0;
  if (wait > PATIENCE_MS) return wait;
  if (wait === 0) return 0;
  await new Promise<void>((resolve) => node.clock.setTimeout(resolve, wait));
  // Those whose time has come in the same moment go on over several turns.
  await node.background.room(HEAVY);
  return 0;
}
