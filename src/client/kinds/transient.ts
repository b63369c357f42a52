import type { ClientHost } from "../host.js";
import type { Payload } from "../payload.js";
import type { ClientKind } from "./kind.js";

/** Channels without a log: what is published is told once, to those who are there. */
export function transientKind(host: ClientHost): ClientKind {
  async function publish(channel: string, data: unknown, prepare: (data: unknown) => Payload) {
    await host.send(channel, prepare(data));
    return { offset: 0 };
  }

  return {
    name: "transient",
    publish(channel, data, prepare) {
      const answer = publish(channel, data, prepare);
      // What is lost is not missed by anyone: an application need not look.
      answer.catch(() => {});
      return answer;
    },
  };
}
