import type { Command } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { Caller } from "../caller.js";

/**
 * So many lines of a subscription have come: its window is as much wider. What is about no subscription of this connection, or about
 * one without a window, is of one that has ended.
 */
export function ack(connection: Caller, { id, ch, n }: Command & { do: "ack" }): void {
  const channel = connection.node.hub.named(ch)?.resolved.name;
  const subscription = channel === undefined ? undefined : connection.sessions.get(channel)?.subscription;
  const window =
    subscription === undefined || subscription === "opening" ? undefined : subscription.subscriber.window;
  if (window === undefined || window.acknowledge(n)) return connection.reply(id, "{}");
  connection.fail(
    id,
    new TidemarkError(
      "bad_request",
      `${n} lines of channel ${ch} were acknowledged, and ${window.sent} were sent since its ok`,
    ),
  );
}
