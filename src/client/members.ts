import type { Member, MembersResult, Timer } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";
import type { Core } from "./core.js";
import { fromReply } from "./errors.js";
import { type PresenceChange, createPresence } from "./presence.js";
import type { Sinks } from "./sinks.js";

/** Who is on a subscription's channel: what the server has answered and told. */
export interface Members {
  readonly list: () => readonly Member[];
  readonly count: () => number;
  readonly change: (change: PresenceChange) => void;
  /** The subscription is on, and its channel has presence. `steady`: it was on before, on the same connection. */
  readonly subscribed: (steady: boolean) => void;
  /** The subscription is neither on nor asked for: what was asked before is not waited for any more. */
  readonly stop: () => void;
}

/** Between two answers over HTTP nobody tells who came and went: the list is asked for this long after one, in milliseconds. */
const ASK_AFTER = 5000;

export function createMembers(
  { clock, wire }: Pick<Core, "clock" | "wire">,
  channel: string,
  backoff: Backoff,
  sinks: Sinks,
): Members {
  const { adopt, ask, change, count, list, moved } = createPresence(askServer, sinks.tell);
  /** Another one whenever answers to what was asked before are of no use any more. */
  let life = {};
  let timer: Timer;

  function askServer(): void {
    const asked = life;
    wire.request(`"members":${JSON.stringify(channel)}`, (error, result) => {
      // The next connection has a question of its own.
      if (asked !== life) return;
      if (!error) {
        adopt(result as MembersResult);
      } else if (error.retry) {
        clock.setTimeout(() => asked === life && askServer(), (error.after ?? 0) + backoff.next());
      } else {
        for (const sink of sinks.all) sink.failed(fromReply(error, channel));
      }
    });
  }

  return {
    list,
    count,
    change,
    subscribed(steady) {
      if (!steady) {
        ask();
        return;
      }
      moved();
      timer ??= clock.setTimeout(() => {
        timer = undefined;
        ask();
      }, ASK_AFTER);
    },
    stop() {
      life = {};
      clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}
