import type { HistoryResult } from "../../protocol/index.js";
import type { ClientHost } from "../host.js";
import { messageFrom } from "../message.js";
import type { Payload } from "../payload.js";
import type { ClientKind } from "./kind.js";

/** Channels that are a log: what was published is in it once, and a subscription goes on from its cursor. */
export function streamKind(host: ClientHost): ClientKind {
  // Throwing is rejecting.
  const publish = async (channel: string, data: unknown, prepare: (data: unknown) => Payload, n: number) =>
    host.publish(channel, prepare(data), n);

  return {
    name: "stream",
    publish(channel, data, prepare) {
      const idem = host.number(channel);
      return Object.assign(publish(channel, data, prepare, idem), { idem });
    },
    log: {
      // Another epoch's cursor counts; in the same one, nothing that was applied is taken back.
      begin: (cursor, told) => (cursor?.epoch === told.epoch && cursor.offset >= told.offset ? cursor : told),
      take: (cursor, offset) =>
        cursor && offset > cursor.offset ? { epoch: cursor.epoch, offset } : undefined,
      async read(channel, options) {
        const body = JSON.stringify({ history: channel, ...options }).slice(1, -1);
        const { entries, complete, more } = (await host.ask(body, true)) as HistoryResult;
        const messages = entries.map(([offset, data, meta]) => messageFrom(offset, data, meta, host.me()));
        return { messages, complete, more };
      },
    },
  };
}
