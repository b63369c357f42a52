/**
 * How to talk to a server: what a client sends to subscribe, publish and call, and how the server's lines are told
 * apart. A benchmark compares servers by giving the same generator different dialects.
 */

/** What a client says about itself when it subscribes. */
export interface Greeting {
  /** Unique among the clients of one server. */
  readonly name: string;
  readonly channels: readonly string[];
  /** Who it is, where the server wants to know. */
  readonly token?: string | undefined;
  /** Where to go on from, one a channel, in the dialects that know such a thing. */
  readonly cursors?: readonly string[] | undefined;
}

/** What a server said no with. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** What a line says that comes before a client is subscribed: that it is, that it will not be, or what to send next. */
export type Welcome = "ready" | { readonly refused: Refusal } | { readonly send: string } | undefined;

/** What is said to a server of some kind, and how its lines are told apart. */
export interface Dialect {
  /** The path of the WebSocket endpoint, unless another one is said. */
  readonly path: string;
  /** Whether a frame may hold several lines. */
  readonly lines: boolean;
  /** A line is a message when it has this byte at this place. */
  readonly marker: { readonly at: number; readonly byte: number };
  /** Hot path. Where the payload begins in the message whose line begins at `start`. */
  payloadAt(bytes: Uint8Array, start: number): number;
  /** What to send right after the upgrade, so that the channels are subscribed. */
  hello(greeting: Greeting): string;
  welcome(line: string, greeting: Greeting): Welcome;
  /** Hot path. What a line is that is no message, once the client is subscribed; `undefined` where nobody asked for it. */
  reply(bytes: Uint8Array, start: number, end: number): "ok" | "refused" | undefined;
  /** Why, in the dialects that refuse. */
  refusal?(line: string): Refusal;
  /** Where a client of one channel stands after this message, for `cursors`; `first` is the first answer it had. */
  place?(first: string, line: string): string;
  publish(channel: string, payload: string, id: number): string;
  /** A request that is answered with its payload. */
  request(payload: string, id: number): string;
}
