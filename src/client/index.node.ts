/** The client, for Node: Node 20 has no WebSocket of its own, so the one of the package `ws` steps in. */
import type { TypedApp } from "../protocol/index.js";
import { chunksAtHand } from "./chunks-at-hand.js";
import { connectIn } from "./client.js";
import type { ClientOptions } from "./options.js";
import { realEnvironment, transportFactory } from "./real-platform.js";
import type { Transport, TransportEvents, TransportFactory } from "./transport.js";
import type { Client } from "./types.js";
import { lateTransport } from "./transports/late.js";
import { webSocketTransport } from "./websocket.js";

/** Opens a link by the platform's own means: what a client does unless `environment.transport` is given. */
export const openTransport: TransportFactory = transportFactory((url, events) =>
  typeof WebSocket === "function"
    ? webSocketTransport(new WebSocket(url), events)
    : twoWay(lateTransport(() => loadWs(url, events), events)),
);

/** Loads `ws` when it is needed: with an import at the top of this file, all of Node would pay for Node 20. */
async function loadWs(url: string, events: TransportEvents): Promise<() => Transport> {
  const { WebSocket: Socket } = await import("ws");
  // Browsers offer to compress always; this offers it where the server is to take it.
  const perMessageDeflate = new URL(url).searchParams.has("deflate");
  return () => webSocketTransport(new Socket(url, { perMessageDeflate }), events);
}

/** Without what a one-way transport has. */
function twoWay(transport: Transport): Transport {
  return { send: (frame) => transport.send(frame), close: (goodbye) => transport.close(goodbye) };
}

/** As `connect` in a browser. */
export function connect<App extends TypedApp = TypedApp>(
  url: string | { readonly href: string },
  options?: ClientOptions,
): Client<App> {
  return connectIn({ ...realEnvironment, transport: openTransport }, chunksAtHand, url, options);
}

export type { GapReason, HistoryOptions, Issue, Member } from "../protocol/index.js";
export type { Status } from "./session.js";
export type { Environment, PlatformEvent } from "./environment.js";
export { TidemarkError, type ClientCode } from "./errors.js";
export type { History } from "./history.js";
export type { ChannelSubscription, ClientHost } from "./host.js";
export type { ClientKind, CompactedKind } from "./kinds/kind.js";
export type { Published, Publishing } from "./published.js";
export type { Message } from "./message.js";
export { DEFAULTS, type ClientOptions } from "./options.js";
export type { Gap, Subscribed } from "./sink.js";
export type { TokenOption } from "./token.js";
export type { Transport, TransportEvents, TransportFactory, TransportName } from "./transport.js";
export type { Memory } from "./transports/memory.js";
export type {
  Client,
  ClientEvents,
  Off,
  Stream,
  StreamEvents,
  StreamOptions,
  Transient,
  TransientEvents,
  TransientOptions,
} from "./types.js";
