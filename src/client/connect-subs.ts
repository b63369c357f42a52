import { MAX_CONNECT_SUBS, MAX_CONNECT_SUBS_HTTP, utf8Length } from "../protocol/index.js";
import type { Subscription } from "./subscription.js";
import { MAX_FRAME_BYTES, type Wire } from "./wire.js";

/** What a connect command asks for. */
export interface ConnectSubs {
  /** Its `subs`, as JSON. */
  readonly json: string;
  readonly asked: readonly Subscription[];
  /** Whether there are more than it takes. */
  readonly full: boolean;
}

/** What a connect command, and the answer to it, have besides the subscriptions at most, in bytes. */
const AROUND_SUBS = 2048;
/** What an answer says of a channel at most, besides its name, in bytes. A connect command says less. */
const IN_ANSWER = 100;

/**
 * Asks for subscriptions in a connect command, for as many as there is room.
 *
 * @param used how many bytes the command has besides
 */
export function connectSubs(
  { renew: http, limits }: Wire,
  all: Iterable<Subscription>,
  used: number,
): ConnectSubs {
  // Over HTTP it takes all there are.
  let room = (http ? limits.frame - AROUND_SUBS : MAX_FRAME_BYTES) - used;
  let answer = limits.answer - AROUND_SUBS;
  let json = "";
  let full = false;
  const asked: Subscription[] = [];
  for (const subscription of all) {
    if (!["idle", "asked", "on"].includes(subscription.at())) continue;
    const name = JSON.stringify(subscription.name);
    const options = subscription.options();
    const size = utf8Length(name);
    room -= size + options.length + 2;
    answer -= size + IN_ANSWER;
    full = room < 0 || answer < 0 || asked.length === (http ? MAX_CONNECT_SUBS_HTTP : MAX_CONNECT_SUBS);
    if (full) break;
    json += `,${name}:${options}`;
    subscription.asked();
    asked.push(subscription);
  }
  return { json: `{${json.slice(1)}}`, asked, full };
}
