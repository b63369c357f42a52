import type {
  ChannelTypes,
  HistoryOptions,
  Kind,
  Member,
  Params,
  StartAt,
  TypedApp,
} from "../protocol/index.js";
import type { ClientHost } from "./host.js";
import type { History } from "./history.js";
import type { Status } from "./session.js";
import type { TidemarkError } from "./errors.js";
import type { Published, Publishing } from "./published.js";
import type { Message } from "./message.js";
import type { Gap, Subscribed } from "./sink.js";
import type { TransportName } from "./transport.js";
import type { CallArguments, ChannelFor, ChannelsOf, CheckName, MethodsOf, PatternOf } from "./typed.js";

/** Takes a listener off again. Calling it twice is harmless. */
export type Off = () => void;

/** What a transient channel's handle tells. */
export interface TransientEvents<Data> {
  readonly message: Message<Data>;
  /** Everyone there, whenever that changes. */
  readonly members: readonly Member[];
  /** Those who came. */
  readonly join: readonly Member[];
  /** Those who left. */
  readonly leave: readonly Member[];
  /** Those who were there before, and show other data now. */
  readonly update: readonly Member[];
  /** The handle has begun: once at first, and after every reconnect. On other transports than WebSocket no more often. */
  readonly subscribed: Subscribed;
  /** The server ended the subscription; it is not asked for again. */
  readonly unsubscribed: TidemarkError;
  /**
   * The subscription was refused, or something else about this channel failed. A refusal is told once; the next connection
   * asks once more, and `subscribed` comes when it is allowed then.
   */
  readonly error: TidemarkError;
}

/** What a stream's handle tells. */
export interface StreamEvents<Data> extends TransientEvents<Data> {
  /** Messages may be missing here: reload what the page shows, such as by `history`. Delivery goes on by itself. */
  readonly gap: Gap;
}

/**
 * Where a stream begins, and how much of it may wait for a slow reader. Each handle has its own beginning, also where
 * others are on the same channel already. `last` is at most 1,000: for more, read back by `history`.
 */
export interface StreamOptions extends StartAt {
  /** How many messages an iterator holds for its reader. Default 1,000. */
  readonly buffer?: number;
}

/** How much of a transient channel may wait for a slow reader. */
export interface TransientOptions {
  /** How many messages an iterator holds for its reader; over it the oldest go. Default 1,000. */
  readonly buffer?: number;
}

/** What handles of both kinds have in common. */
export interface Handle<Output> extends AsyncIterable<Message<Output>> {
  /**
   * The channel's name, such as `chat/general`, as the first of its handles was given it: names that differ only in how
   * they are URI-encoded are one channel.
   */
  readonly name: string;
  /**
   * Resolves when the server has confirmed the subscription for the first time, and the handle's own beginning is known;
   * rejects with the server's code when it is refused, with `closed` when the handle or the client is closed before.
   */
  readonly ready: Promise<void>;
  /**
   * Who is on the channel, as far as is known; empty where the channel has no presence. A new array whenever that
   * changes, the same one until then.
   */
  readonly members: readonly Member[];
  /** How many are on the channel: more than `members` where the server does not list them all. */
  readonly memberCount: number;
  /**
   * Calls `listener` for every event of that name until the returned function is called. Listen in the same turn in
   * which the handle was made, or right after `ready`: messages do not wait for listeners any longer than that.
   * A listener that throws stops nothing; the client's `error` event tells.
   *
   * @example const off = chat.on("message", (message) => render(message.data.text));
   */
  on<Name extends keyof TransientEvents<Output>>(
    name: Name,
    listener: (value: TransientEvents<Output>[Name]) => void,
  ): Off;
  /** Ends this handle and its iterators. The subscription ends with its last handle. */
  close(): void;
}

/**
 * A handle on a channel that is a log. Every message comes exactly once and in order, over all reconnects, or a
 * `gap` says where that is not certain.
 *
 * Iterating waits for messages, and is a cursor of its own: a reader that falls more than `buffer` messages behind
 * reads on from the log. Where it cannot, because there is no history, the loop throws `overflow`. When the handle or
 * the client is closed by the application the loop ends; when the server does it, it throws.
 *
 * @example
 * const chat = rt.stream("chat/:id", { id: "general" }, { last: 50 });
 * chat.on("gap", reload);
 * for await (const message of chat) render(message.data.text);
 */
export interface Stream<Output = unknown, Input = unknown> extends Handle<Output> {
  on<Name extends keyof TransientEvents<Output>>(
    name: Name,
    listener: (value: TransientEvents<Output>[Name]) => void,
  ): Off;
  /** Tells where messages may be missing. */
  on(name: "gap", listener: (gap: Gap) => void): Off;
  /** Where it is in the log, `epoch:offset`; valid on every node. `undefined` before `ready`. */
  readonly cursor: string | undefined;
  /**
   * Puts a message (JSON, or bytes: an `ArrayBuffer` or any view of one) into the channel's log. Resolves with its offset when it is there, after
   * as many retries and reconnects as that takes. Publishes of one client to one channel enter in their order.
   *
   * JSON may be as large as the server's `limits.message`, 64 KiB unless set; bytes as large as its `limits.binary`, which
   * is as much unless set, and 16 MiB at most. They go in parts of 47 KiB, so that other channels and answers get through in
   * between, and arrive whole or not at all; one that is cut off begins again. What is above the limit rejects with `too_large`,
   * and is not sent; what is above `outbox.bytes` of the client's options, 1 MiB unless set, with `outbox_full`. A message that takes longer to be sent than `dedupeWindow`
   * less 30 seconds rejects with `outcome_unknown`.
   *
   * Rejects with the server's code, or `invalid` (no JSON), `too_large`, `outbox_full`, `outcome_unknown` (sent, but no answer came
   * while a retry was safe), `closed`, or `offline` and `timeout` when `publishTimeout` is set.
   *
   * @example const { offset } = await chat.publish({ text: "hi" });
   * @example await files.publish(await file.arrayBuffer());
   */
  publish(data: Input): Publishing;
  /**
   * Reads messages of the past, up to `limit` (1 to 1,000). Give one of `before` and `after` (offsets) and `since`
   * (milliseconds since 1970), or none for the newest. Asked again after a reconnect.
   *
   * Rejects with the server's code, or `offline` or `timeout` after `callTimeout`, or `closed`.
   *
   * @example const { messages, more } = await chat.history({ before: oldest.offset, limit: 50 });
   */
  history(options?: HistoryOptions): Promise<History<Output>>;
}

/**
 * A handle on a channel without a log: only what happens now, to those who are there.
 *
 * @example
 * const typing = rt.transient("typing/:id", { id: "general" });
 * typing.on("message", ({ from, data }) => show(from, data.on));
 * typing.publish({ on: true });
 */
export interface Transient<Output = unknown, Input = unknown> extends Handle<Output> {
  /**
   * Tells those who are there, once: nothing is kept, nothing is sent again. As large as in a stream. Resolves when the server has answered,
   * with offset 0; rejects with the server's code, `invalid`, `too_large`, `offline` at once when there is no connection, `outcome_unknown` when
   * it is lost before the answer, or `closed`. An error that is not looked at is not reported as unhandled.
   */
  publish(data: Input): Promise<Published>;
}

/** What a client tells. */
export interface ClientEvents {
  readonly status: Status;
  /**
   * What went wrong with nobody waiting for it: a listener that threw, a refused subscription whose handle has no
   * `error` listener, a token function that failed, the end of the connection for good. With no listener here it
   * goes to `reportError`, or to the console.
   */
  readonly error: TidemarkError;
}

/** One connection to a server, made again whenever it is lost, and everything that runs over it. */
export interface Client<App extends TypedApp = TypedApp> {
  /** `online` when the server answers; see `on("status")`. */
  readonly status: Status;
  /** Why the client is not online, where there is a reason to tell. Its `cause` is what the platform said, where it did. */
  readonly reason: TidemarkError | undefined;
  /**
   * How it is connected, or is trying to be; see the option `transports`. It changes only while the status is not
   * `online`: look at it whenever `status` tells something.
   */
  readonly transport: TransportName;
  /** What entry points of kinds, such as `tidemark/state`, use of the client; applications need none of it. */
  readonly host: ClientHost;
  /** The server's name for this connection; another one after each reconnect, `undefined` before the first. */
  readonly id: string | undefined;
  /**
   * Calls `listener` for every event of that name until the returned function is called.
   *
   * @example rt.on("status", (status) => (banner.hidden = status === "online"));
   */
  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): Off;
  /**
   * A handle on a stream channel, and with the first one its subscription. Handles of one channel share the
   * subscription: it begins where the first one says (`cursor`, else `since` or `last`, else now), and ends with the
   * last one; one that is closed and opened again in the same turn keeps it.
   *
   * @throws {TidemarkError} `invalid` for a name or options that no server takes, `closed`, `wrong_kind` when there is
   * a handle of the other kind on it; a `TypeError` when a parameter is missing
   * @example const chat = rt.stream("chat/:id", { id: "general" }, { last: 50 });
   */
  stream<Pattern extends PatternOf<ChannelsOf<App>, "stream">>(
    pattern: Pattern,
    params: Params<Pattern>,
    options?: StreamOptions,
  ): StreamOf<ChannelsOf<App>[Pattern]>;
  /** The same by the channel's name, such as `"chat/general"`. */
  stream<Name extends string>(
    name: CheckName<ChannelsOf<App>, "stream", Name>,
    options?: StreamOptions,
  ): StreamOf<ChannelFor<ChannelsOf<App>, Name>>;
  /**
   * A handle on a transient channel; otherwise as {@link stream}.
   *
   * @example const typing = rt.transient("typing/:id", { id: "general" });
   */
  transient<Pattern extends PatternOf<ChannelsOf<App>, "transient">>(
    pattern: Pattern,
    params: Params<Pattern>,
    options?: TransientOptions,
  ): TransientOf<ChannelsOf<App>[Pattern]>;
  /** The same by the channel's name, such as `"typing/general"`. */
  transient<Name extends string>(
    name: CheckName<ChannelsOf<App>, "transient", Name>,
    options?: TransientOptions,
  ): TransientOf<ChannelFor<ChannelsOf<App>, Name>>;
  /**
   * Calls a method of the server with JSON or bytes, at most once: it waits for a connection, and is not retried.
   *
   * Rejects with the server's code, or `offline` when there was no connection within `callTimeout`, `outcome_unknown`
   * when it was sent and the answer did not come, `invalid` (no JSON), `too_large`, `outbox_full`, `closed`.
   *
   * @example const sum = await rt.call("sum", [1, 2]);
   */
  call<Method extends keyof MethodsOf<App> & string>(
    method: Method,
    ...data: CallArguments<MethodsOf<App>[Method]["input"]>
  ): Promise<MethodsOf<App>[Method]["output"]>;
  /** Ends the connection and all handles, for good. Whatever is unanswered rejects with `closed`. */
  close(): void;
}

type StreamOf<Channel extends ChannelTypes> = Stream<Channel["output"], Channel["input"]>;
type TransientOf<Channel extends ChannelTypes> = Transient<Channel["output"], Channel["input"]>;

/** A kind that this entry point has a handle for. */
export type HandleKind = Extract<Kind, "stream" | "transient">;
