import type { ClientHost } from "../host.js";
import type { Payload } from "../payload.js";
import type { ClientKind, Place } from "./kind.js";

/** Channels without a log: what is published is told once, to those who are there. */
export function transientKind(host: ClientHost): ClientKind {
  async function publish(channel: string, data: unknown, prepare: (data: unknown) => Payload) {
    await host.publishOnce(channel, prepare(data));
    return { offset: 0 };
  }

  return {
    name: "transient",
    place: () => NOWHERE,
    publish(channel, data, prepare) {
      const answer = publish(channel, data, prepare);
      // What is lost is not missed by anyone: an application need not look.
      answer.catch(() => {});
      return answer;
    },
  };
}

/** Where there is no log there is only now. */
const NOWHERE: Place = { cursor: () => undefined, begin() {}, take: () => true, skip() {} };
