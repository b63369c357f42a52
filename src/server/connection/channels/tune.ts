import type { Command, TuneResult } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { Caller } from "../caller.js";

/** A subscriber is told as often as it says from now on, from where it stands; in its turn among what else is done to the channel. */
export function tune(connection: Caller, { id, channel, rate }: Command & { do: "tune" }): void {
  const session = connection.sessions.of(channel);
  session.queue.run(() => {
    if (connection.closed) return;
    const { subscription } = session;
    if (subscription === undefined || subscription === "opening") {
      connection.fail(
        id,
        new TidemarkError("not_subscribed", `not subscribed to ${JSON.stringify(channel)}`),
      );
    } else {
      const { active, subscriber } = subscription;
      const tuned = active.feed.tune?.(subscriber, rate);
      if (tuned === undefined) connection.fail(id, hasNoRate(channel, active.resolved.def.kind.name));
      else {
        const result: TuneResult = tuned.perSecond === undefined ? {} : { rate: tuned.perSecond };
        connection.reply(id, JSON.stringify(result));
      }
    }
    connection.sessions.tidy(channel);
  });
}

function hasNoRate(channel: string, kind: string): TidemarkError {
  return new TidemarkError(
    "wrong_kind",
    `${JSON.stringify(channel)} is a ${kind}: only channels that are kept by keys have a rate`,
  );
}
