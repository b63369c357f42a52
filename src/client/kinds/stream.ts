import type { HistoryResult } from "../../protocol/index.js";
import type { ClientHost } from "../host.js";
import { messageFrom } from "../message.js";
import type { ClientKind } from "./kind.js";

/** Channels that are a log: what is published is in it once, and a subscription goes on from its cursor. */
export function streamKind(host: ClientHost): ClientKind {
  return {
    name: "stream",
    send: host.publish,
    async read(channel, options) {
      const body = JSON.stringify({ history: channel, ...options }).slice(1, -1);
      const { entries, complete, more } = (await host.ask(body, true)) as HistoryResult;
      const messages = entries.map(([offset, data, meta]) => messageFrom(offset, data, meta, host.me()));
      return { messages, complete, more };
    },
  };
}
