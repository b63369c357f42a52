import assert from "node:assert/strict";
import type {
  Appended,
  Broker,
  Changed,
  ChangesDraft,
  HeldBy,
  LogOptions,
  Payload,
  Reign,
  SlotsOptions,
} from "../../broker/index.js";
import { KEEP } from "./kit.js";
import { SLOTS, change, changing } from "./slots-kit.js";

/** Long enough for a busy machine to be in time where a test has to be. */
export const TTL = 2000;

export const FENCED: LogOptions = { ...KEEP, fenced: true };
export const FENCED_SLOTS: SlotsOptions = { ...SLOTS, fenced: true };

/** How somebody asks for a reign, where it is not the usual way. */
export interface Asked {
  readonly ttl?: number;
  readonly options?: LogOptions | SlotsOptions;
}

/** What somebody is told who asks for a reign. */
export function ask(
  broker: Broker,
  channel: string,
  name: string,
  { ttl = TTL, options = FENCED_SLOTS }: Asked = {},
): Promise<Reign | HeldBy> {
  return broker.reign(channel, { ttl, secret: `secret of ${name}`, note: `note of ${name}` }, options);
}

/** The reign of somebody who must get it. */
export async function take(broker: Broker, channel: string, name: string, asked?: Asked): Promise<Reign> {
  const answer = await ask(broker, channel, name, asked);
  return "token" in answer ? answer : assert.fail(`it is held by who left the ${answer.heldBy}`);
}

/** Fails unless somebody else who asks is told that it is this one's. */
export async function assertHeldBy(
  broker: Broker,
  channel: string,
  holder: string,
  asked?: Asked,
): Promise<void> {
  const answer = await ask(broker, channel, "nobody else", asked);
  assert.ok("heldBy" in answer, "it was free");
  assert.equal(answer.heldBy, `note of ${holder}`);
  assert.ok(answer.left > 0 && answer.left <= (asked?.ttl ?? TTL), `${answer.left} ms`);
}

/** A draft of changes under a reign. */
export function under(
  reign: { readonly token: string },
  values: Readonly<Record<string, Payload | undefined>>,
): ChangesDraft {
  return changing(values, { reign: reign.token });
}

/** Whether a draft was kept out because another one reigns. */
export function isFenced(outcome: Changed | Appended): boolean {
  if ("offset" in outcome) return false;
  assert.equal(outcome.error, "fenced");
  return true;
}

let written = 0;

/** Whether a change under a reign is kept out. */
export async function isOut(
  broker: Broker,
  channel: string,
  reign: { readonly token: string },
): Promise<boolean> {
  return isFenced(await change(broker, channel, under(reign, { x: `${++written}` }), FENCED_SLOTS));
}
