/** The client, for Node: Node 20 has no WebSocket of its own, so the one of the package `ws` steps in. */
import type { TypedApp } from "../protocol/index.js";
import { connectIn } from "./client.js";
import { messageOf } from "./errors.js";
import type { ClientOptions } from "./options.js";
import { realEnvironment } from "./real-platform.js";
import type { Transport, TransportEvents, TransportFactory } from "./transport.js";
import type { Client } from "./types.js";
import { webSocketTransport } from "./websocket.js";

const nodeTransport: TransportFactory = (url, events) =>
  typeof WebSocket === "function" ? realEnvironment.transport(url, events) : wsTransport(url, events);

/** Loads `ws` when it is needed: with an import at the top of this file, all of Node would pay for Node 20. */
function wsTransport(url: string, events: TransportEvents): Transport {
  let transport: Transport | undefined;
  let closed = false;
  import("ws").then(
    ({ WebSocket: Socket }) => {
      if (closed) return;
      transport = webSocketTransport(new Socket(url, { perMessageDeflate: false }), events);
    },
    (thrown: unknown) => events.close(1006, `cannot load the package ws: ${messageOf(thrown)}`),
  );
  return {
    send: (frame) => transport?.send(frame),
    close() {
      closed = true;
      transport?.close();
    },
  };
}

/** As `connect` in a browser. */
export function connect<App extends TypedApp = TypedApp>(
  url: string | URL,
  options?: ClientOptions,
): Client<App> {
  return connectIn({ ...realEnvironment, transport: nodeTransport }, url, options);
}

export type { GapReason, HistoryOptions, Issue, Member } from "../protocol/index.js";
export type { Status } from "./connection.js";
export type { Environment, PlatformEvent } from "./environment.js";
export { TidemarkError, type ClientCode } from "./errors.js";
export type { Published, Publishing } from "./lane.js";
export type { Message } from "./message.js";
export { DEFAULTS, type ClientOptions } from "./options.js";
export type { Gap, Subscribed } from "./subscription.js";
export type { TokenOption } from "./token.js";
export type { Transport, TransportEvents, TransportFactory } from "./transport.js";
export type {
  Client,
  ClientEvents,
  History,
  Off,
  Stream,
  StreamEvents,
  StreamOptions,
  Transient,
  TransientEvents,
  TransientOptions,
} from "./types.js";
