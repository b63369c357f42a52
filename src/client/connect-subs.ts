import { MAX_CONNECT_SUBS, MAX_CONNECT_SUBS_HTTP, utf8Length } from "../protocol/index.js";
import type { Subscription, SubscriptionTable } from "./subscription.js";
import { MAX_FRAME_BYTES, type Wire } from "./wire.js";

/** What a connect command, and the answer to it, have besides the subscriptions at most, in bytes. */
const AROUND_SUBS = 2048;
/** What an answer says of a channel at most, besides its name, in bytes. A connect command says less. */
const IN_ANSWER = 100;

/**
 * Asks for a client's subscriptions in a connect command, as long as there is room: `table.full` says whether there was not.
 *
 * @param used how many bytes the command has besides
 * @param asked takes those that it asks for
 * @returns its `subs`, as JSON
 */
export function connectSubs(
  { renew: http, limits }: Wire,
  table: SubscriptionTable,
  used: number,
  asked: Subscription[],
): string {
  // Over HTTP it takes all there are.
  let room = (http ? limits.frame - AROUND_SUBS : MAX_FRAME_BYTES) - used;
  let answer = limits.answer - AROUND_SUBS;
  let subs = "";
  table.full = false;
  for (const subscription of table.byName.values()) {
    if (!["idle", "asked", "on"].includes(subscription.at())) continue;
    const name = JSON.stringify(subscription.name);
    const options = subscription.options();
    const size = utf8Length(name);
    room -= size + options.length + 2;
    answer -= size + IN_ANSWER;
    table.full = room < 0 || answer < 0 || asked.length === (http ? MAX_CONNECT_SUBS_HTTP : MAX_CONNECT_SUBS);
    if (table.full) break;
    subs += `,${name}:${options}`;
    subscription.asked();
    asked.push(subscription);
  }
  return `{${subs.slice(1)}}`;
}
