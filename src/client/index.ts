/** The client, for browsers and everything else that has a WebSocket of its own. */
import type { TypedApp } from "../protocol/index.js";
import { chunksOnDemand } from "./chunks.js";
import { connectIn } from "./client.js";
import type { ClientOptions } from "./options.js";
import { realEnvironment } from "./real-platform.js";
import type { TransportFactory } from "./transport.js";
import type { Client } from "./types.js";

/**
 * A client that connects at once, and again whenever it has to. It has no session on the server: every subscription
 * goes on from its own cursor, on whichever node it comes back to.
 *
 * @param url where the server is: `wss://example.com/connect`; in a page also relative to it, `/connect`. With `?deflate=1` the
 * server may compress what it sends over WebSocket to many at once, such as the maps of `tidemark/state`. That is said of a connection as
 * a whole, before there is one; what a browser sends is compressed as well then, command by command, which costs the server more than it
 * saves where all is small
 * @throws {TidemarkError} `invalid` when `url` is none
 * @example
 * const rt = connect<App>("wss://example.com/connect", { token: () => fetchToken() });
 * const chat = rt.stream("chat/:id", { id: "general" });
 * chat.on("message", (message) => render(message.data.text));
 */
export function connect<App extends TypedApp = TypedApp>(
  url: string | { readonly href: string },
  options?: ClientOptions,
): Client<App> {
  return connectIn(realEnvironment, chunksOnDemand, url, options);
}

/** Opens a link by the platform's own means: what a client does unless `environment.transport` is given. */
export const openTransport: TransportFactory = realEnvironment.transport;

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
