import type { ClientHost } from "../host.js";
import type { ClientKind } from "./kind.js";

/** Channels without a log: what is published is told once, to those who are there. */
export function transientKind(host: ClientHost): ClientKind {
  return { name: "transient", send: host.send };
}
