/** The connect command: who the client is, and everything that it was subscribed to, in one answer. */
import {
  MAX_CONNECT_SUBS,
  MAX_CONNECT_SUBS_HTTP,
  type Command,
  type SubscribeOptions,
} from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";
import { detach } from "../guard.js";
import type { Caller, Identity } from "./caller.js";
import { connectAnswer, mostOfAnswer } from "./connect-answer.js";
import { authenticated, identify, refusalOf } from "./identity.js";
import { arrivalOf } from "./poll-ticket.js";
import { catchUp } from "./users/control.js";
import { costAtAddress, costOf, inTurn, rateOverHttp, shareRates } from "./limits/http-rate.js";
import type { RateOptions } from "./limits/rate.js";
import { HEAVY } from "./limits/turn-budget.js";
import { notGiven, prepare, type Started } from "./channels/subscribe.js";

/** How many subscriptions of one connect command are begun in one turn of the event loop. */
const SUBS_A_TURN = 25;

/** Carries out a connect command and answers it. Never rejects. */
export async function connect(connection: Caller, command: Command & { do: "connect" }): Promise<void> {
  const { node, client, peer } = connection;
  const began = node.clock.monotonic();
  const problem = subsProblem(command.subs.size, connection.asksAgain);
  if (problem !== undefined) return connection.close("policy", problem);
  const wait = node.admission.admit(arrivalOf(connection, command), node.clock.monotonic());
  if (wait instanceof TidemarkError) {
    if (wait.code === "rate_limited") node.refused.connects++;
    return sendAway(connection, command, wait);
  }
  if (wait > 0) {
    await new Promise<void>((resolve) => node.clock.setTimeout(resolve, wait));
    // Those whose time has come in the same moment go on over several turns.
    await node.background.room(HEAVY);
    if (connection.closed) return;
  }
  const cost = connection.asksAgain ? costOf(command.subs.size) : 0;
  if (cost > 0 && connection.address !== undefined) {
    const rate = node.addressRates.of(connection.address, node.clock.monotonic());
    const after = await inTurn(connection, rate, costAtAddress(command.subs.size));
    if (after > 0) return sendAway(connection, command, tooFast(connection, after));
    if (connection.closed) return;
  }
  let identity: Identity;
  let given: readonly string[];
  try {
    // Hooks that are not there are not waited for: each would be a turn of the microtask queue for each client.
    const { authenticate, subscriptions, onConnect } = node.hooks;
    const user = authenticate === undefined ? null : await authenticated(connection, command.token);
    if (connection.closed) return;
    identity = identify(connection, user, command.publisher);
    // Commands that are sent beside another connection count by themselves.
    if (cost > 0 && connection.arrival !== "aside") {
      const rate = rateOverHttp(connection, identity, node.clock.monotonic());
      const after = await inTurn(connection, rate, cost);
      if (after > 0) throw tooFast(connection, after);
      if (connection.closed) return;
    }
    const info = { client, user, request: peer };
    given = namesOf(subscriptions && (await node.slowHooks.watch(subscriptions(info), "subscriptions")));
    if (connection.closed) return;
    if (onConnect !== undefined) await node.slowHooks.watch(onConnect(info), "onConnect");
  } catch (error) {
    refuse(connection, command, error);
    return;
  }
  connection.sessions.secret = command.secret;
  if (connection.asksAgain) shareRates(connection, identity);
  connection.identified(identity);
  if (!connection.closed) catchUp(connection, identity, began, command.subs);
  if (connection.closed) return;
  const started = await subscribeAll(connection, identity, command, given);
  const answer = connectAnswer(connection, identity, command, started);
  const most = mostOfAnswer(connection);
  // The peer is not one that does not read: the answer would be too long again.
  const size = Buffer.byteLength(answer);
  if (size > most)
    connection.close(
      "policy",
      `the answer to connect is over the ${most} bytes that unsent.perConnection leaves for it`,
    );
  else connection.reply(command.id, answer, size);
  for (const one of started.values()) if (!(one instanceof TidemarkError)) one.start();
}

/** What the hook `subscriptions` returned. Not everybody who writes such a hook has types. */
function namesOf(given: unknown): readonly string[] {
  if (given === undefined || given === null) return [];
  if (Array.isArray(given) && given.every((name) => typeof name === "string")) return given;
  throw new TypeError("subscriptions must return channels' names as an array of texts");
}

function tooFast({ node }: Caller, after: number): TidemarkError {
  node.refused.connects++;
  const { perSecond } = node.limits.commands as RateOptions;
  return new TidemarkError(
    "rate_limited",
    `more than ${perSecond} commands a second over all your requests`,
    { after },
  );
}

function subsProblem(count: number, http: boolean): string | undefined {
  if (count <= (http ? MAX_CONNECT_SUBS_HTTP : MAX_CONNECT_SUBS)) return undefined;
  return http
    ? `connect takes at most ${MAX_CONNECT_SUBS_HTTP} subs over HTTP`
    : `connect takes at most ${MAX_CONNECT_SUBS} subs; send the others as subscribe commands`;
}

/** A channel, by the name that it was asked for and the one that it has. */
interface Wanted {
  readonly name: string;
  readonly canonical: string;
  readonly options: SubscribeOptions;
}

/** What the client asked for, by its names, and what the server gives it beside that. */
async function subscribeAll(
  connection: Caller,
  identity: Identity,
  { subs }: Command & { do: "connect" },
  given: readonly string[],
): Promise<Map<string, Started | TidemarkError>> {
  const { registry } = connection.node;
  const wanted: Wanted[] = [];
  for (const [name, options] of subs) wanted.push({ name, canonical: registry.canonicalName(name), options });
  const asked = wanted.length;
  for (const name of given) connection.sessions.grant(registry.canonicalName(name));
  if (connection.sessions.granted.size > 0) {
    const names = new Set(wanted.map(({ canonical }) => canonical));
    for (const name of connection.sessions.granted)
      if (!names.has(name)) wanted.push({ name, canonical: name, options: {} });
  }
  const preparing: Promise<() => Started | TidemarkError>[] = [];
  for (const [i, { canonical, options }] of wanted.entries()) {
    // One connection may ask for a thousand channels; nobody else is to wait for all of them to be opened.
    if (i > 0 && i % SUBS_A_TURN === 0) await connection.node.background.later(SUBS_A_TURN * HEAVY);
    if (connection.closed) break;
    preparing.push(prepare(connection, identity, canonical, options));
  }
  // Most ask for one channel.
  const [only] = preparing;
  const prepared = preparing.length === 1 && only !== undefined ? [await only] : await Promise.all(preparing);
  const started = new Map<string, Started | TidemarkError>();
  for (const [i, finish] of prepared.entries()) {
    const { name, canonical } = wanted[i] as Wanted;
    const one = finish();
    const byServer = i >= asked;
    if (byServer && one instanceof TidemarkError) notGiven(connection, name, one);
    else started.set(name, one);
    if (byServer && !(one instanceof TidemarkError)) connection.sessions.of(canonical).given = true;
  }
  return started;
}

/** Tells the app that a connection which it let in has ended. */
export function tellEnd({ node, client, peer }: Caller, { user }: Identity, reason: string): void {
  const { hooks, log } = node;
  const telling = (async () => hooks.onDisconnect?.({ client, user, request: peer, reason }))();
  detach(telling, (error) => log.error({ client, error }, "onDisconnect failed"));
}

/** Refuses a client that may come back later, or to another server. */
function sendAway(connection: Caller, command: Command & { do: "connect" }, error: TidemarkError): void {
  connection.fail(command.id, error);
  connection.close(error.code === "going_away" ? "going_away" : "unavailable", error.message);
}

/** A refusal ends the connection, which could do nothing. It is said twice, for programs and for people. */
function refuse(connection: Caller, command: Command & { do: "connect" }, thrown: unknown): void {
  const error = refusalOf(connection, thrown);
  connection.fail(command.id, error);
  const name = error.retry
    ? "unavailable"
    : error.code === "token_expired"
      ? "token_expired"
      : "unauthorized";
  connection.close(name, error.message);
}
