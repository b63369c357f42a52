/**
 * Every frame of the protocol, as types. docs/protocol.md is the same in words. One rule to read the wire:
 * an array is a message, an object is everything else; a frame holds one or more of them, one per line.
 */
import type { ErrorCode } from "./codes.js";
import type { PlayOptions, PlayResult, RefusedInput } from "./room-frames.js";
import type { AckCommand, TuneCommand, ViewOptions } from "./state-frames.js";

/** What falls behind gets: the only thing in which channels differ. */
export type Kind = "stream" | "transient" | "state" | "room";

/** A message's payload: a JSON value, or bytes. */
export type Data = unknown;

/** Where a subscription begins. With none of these: at the head. `cursor` wins over the others. */
export interface StartAt {
  /** Go on after this place, `epoch:offset`. */
  readonly cursor?: string;
  /** Begin this many messages back: 0 to 1,000. */
  readonly last?: number;
  /** Begin with the first message at or after this time, in milliseconds since 1970. */
  readonly since?: number;
}

/** What a subscribe command may say. */
export interface SubscribeOptions extends StartAt, ViewOptions, PlayOptions {
  /** Answer `wrong_kind` unless the channel is of this kind. */
  readonly kind?: Kind;
}

/** What a client sends. `id` comes back in the reply; without one, only errors are answered. */
export type Command =
  | { readonly do: "ping" }
  | ({ readonly do: "connect"; readonly id: Id } & ConnectOptions)
  | { readonly do: "refresh"; readonly id: Id; readonly token: string | undefined }
  | {
      readonly do: "subscribe";
      readonly id: Id;
      readonly channel: string;
      readonly options: SubscribeOptions;
    }
  | { readonly do: "unsubscribe"; readonly id: Id; readonly channel: string }
  | ({ readonly do: "publish"; readonly id: Id } & PublishCommand)
  | ({ readonly do: "history"; readonly id: Id; readonly channel: string } & HistoryOptions)
  | { readonly do: "members"; readonly id: Id; readonly channel: string }
  | ({ readonly do: "ack"; readonly id: Id } & AckCommand)
  | ({ readonly do: "tune"; readonly id: Id } & TuneCommand)
  | { readonly do: "get"; readonly id: Id; readonly channel: string; readonly keys: readonly string[] }
  | { readonly do: "call"; readonly id: Id; readonly method: string; readonly data: unknown };

/** The number a client chose for a command; `undefined` when it wants no reply. */
export type Id = number | undefined;

/** Most subscriptions in one connect command, so that its answer stays small. The others follow as commands. */
export const MAX_CONNECT_SUBS = 200;
/** The same over HTTP, where none can follow. */
export const MAX_CONNECT_SUBS_HTTP = 1000;

/** The least that a server may be told to take in a frame: what a client sends before it knows more. In bytes. */
export const LEAST_FRAME = 64 * 1024;

/** What a connect command says. */
export interface ConnectOptions {
  readonly token: string | undefined;
  /** Over a poll: the `ticket` of the answer to the one before. */
  readonly ticket?: string | undefined;
  /** A secret of the client's, 16 to 128 characters: the scope of its idempotency keys over all its connections. */
  readonly publisher: string | undefined;
  /** Over `/send`: whose inputs there are, where the user has no id; see {@link PlayOptions}. */
  readonly secret?: string | undefined;
  readonly subs: ReadonlyMap<string, SubscribeOptions>;
}

/** What a publish command says. */
export interface PublishCommand {
  readonly channel: string;
  readonly data: unknown;
  /** The payload as text, where it came just as `JSON.stringify` would write it; `data` is not filled in then. */
  readonly json: string | undefined;
  /** The payload, where it is bytes; `data` is null then. */
  readonly bytes: Uint8Array | undefined;
  /** A number is this publisher's sequence on this channel and only grows; a text is a key of any other making. */
  readonly idem: number | string | undefined;
  /** True when nothing of this publisher's on this channel is unanswered before this one. */
  readonly first: boolean;
  /** Milliseconds since this was first sent; 0 on the first try. */
  readonly age: number;
}

/** Which messages of the log; the newest 50 unless something is said. `before`, `after` and `since` exclude each other. */
export interface HistoryOptions {
  /** Messages before this offset, newest first chosen, oldest first given. */
  readonly before?: number;
  /** Messages after this offset. */
  readonly after?: number;
  /** Messages from this time on, in milliseconds since 1970. */
  readonly since?: number;
  /** At most this many; 1 to 1000. */
  readonly limit?: number;
}

/** Beside a message's payload, where there is something to say. */
export interface Meta {
  /** The user who published it. */
  readonly from?: string;
  /** The client that published it, where the channel says so. */
  readonly sender?: string;
  /** The key that this client gave it, where the channel says so. */
  readonly idem?: number | string;
  /** The payload is this many bytes, which follow the line; of a message in several parts, this one's. */
  readonly bytes?: number;
  /** The line is one part of a message, from 0 on. The rest of the meta stands in the first one only. */
  readonly part?: number;
  /** Further parts follow. */
  readonly more?: boolean;
  /** On a channel that is kept by keys: for how many changes the message stands, where those are more than its keys. */
  readonly merged?: number;
}

/** `[channel number, offset, payload, meta]`; offset 0 on a channel without a log. */
export type MessageFrame = readonly [ch: number, offset: number, data: Data, meta?: Meta];

/** A message in a history reply: as on the wire, less the channel number. */
export type HistoryEntry = readonly [offset: number, data: Data, meta?: Meta];

/** An error as the wire has it; see {@link ERRORS}. */
export interface ErrorBody {
  readonly code: ErrorCode | (string & {});
  readonly message: string;
  /** Whether sending the same again can help. */
  readonly retry: boolean;
  /** Milliseconds to wait before the retry. */
  readonly after?: number;
  /** Where a payload does not fit its schema. */
  readonly issues?: readonly Issue[];
  /** With `conflict`: a cursor for the next try, */
  readonly cursor?: string;
  /** and what the keys of the conditions hold there, as far as that fits; null for nothing. */
  readonly now?: Readonly<Record<string, unknown>>;
  /** With `limit_reached`, where it is a channel that is full: what there is too much of. */
  readonly limit?: "keys" | "bytes";
}

/** One thing that a payload's schema found, and where in the payload. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly (string | number)[];
}

/** What a server takes of this client, in bytes. */
export interface Limits {
  /** In the payload of a publish: JSON in UTF-8, or bytes. Above it, `too_large`. */
  readonly message: number;
  /** In a payload of bytes, where that may be more than `message`; then it may come in parts. */
  readonly binary?: number;
  /** In a frame, or in the body of a request. Above it, the connection is closed with 1009. */
  readonly frame: number;
  /** In the answer to a connect command. Where it would be longer, the connection is closed with 1008. */
  readonly answer: number;
}

/** What a connect command is answered with. */
export interface ConnectResult {
  readonly client: string;
  /** What this client is called in messages, where that is not `client`. */
  readonly sender?: string;
  /** What an acknowledged publish survives: see docs/spec.md. */
  readonly durability: "memory" | "disk" | "replicated";
  /** The server sends something at least this often, in milliseconds; silence for 10 s longer means dead. */
  readonly ping: number;
  /** What may be sent. Said by every server since there was one that says it. */
  readonly limits?: Limits;
  /** How long the token is still good, in milliseconds; absent where it does not expire. */
  readonly expires?: number;
  /** Over a poll: what the next one shows, so that it is not counted as a new connection. Good for a minute. */
  readonly ticket?: string;
  readonly subs?: Readonly<Record<string, SubscribeResult | { readonly error: ErrorBody }>>;
}

/** What a refresh command is answered with. */
export interface RefreshResult {
  /** As in {@link ConnectResult}. */
  readonly expires?: number;
}

/** What a subscribe command is answered with. */
export interface SubscribeResult extends PlayResult {
  readonly ch: number;
  readonly kind: Kind;
  /** Where delivery starts; absent on a channel without a log. */
  readonly cursor?: string;
  /** Said when the channel tells who is on it. */
  readonly presence?: true;
  /** Said with `last` and `since`: false when older messages that were asked for are gone. */
  readonly complete?: boolean;
  /**
   * On a channel that is kept by keys: how many messages a second there are at most, where that was asked for. Of a room: its ticks a
   * second.
   */
  readonly rate?: number;
  /** There too: which keys are seen, where those are not all. It belongs to every cursor, and comes back with it. */
  readonly view?: string;
  /** There too: the window, where one was asked for and acknowledgements count. */
  readonly window?: number;
}

/** What a history command is answered with. */
export interface HistoryResult {
  readonly entries: readonly HistoryEntry[];
  /** False when messages that were asked for have been trimmed. */
  readonly complete: boolean;
  /** True when there is more in the direction of the question. */
  readonly more: boolean;
}

/** Somebody who is present on a channel, over all of their connections. */
export interface Member {
  /** The user's id, or a name made for an anonymous client. */
  readonly id: string;
  /** What the channel shows of a member. */
  readonly data?: unknown;
}

/** What a members command is answered with. */
export interface MembersResult {
  readonly members: readonly Member[];
  /**
   * The version the list is at; the next join or leave event has the one after it. None in an answer to `/send`: the
   * events come on another connection, whose versions are its own.
   */
  readonly version?: number | undefined;
  /** How many there are; more than `members` when the list was too long for one reply. */
  readonly total: number;
}

/** Why messages are missing: retention dropped them, the cursor's log is unknown here, the broker lost what came after it, or the broker failed over. */
export type GapReason = "trimmed" | "epoch" | "rollback" | "failover";

/** What the server says unasked. */
export type EventFrame =
  | {
      readonly event: "join";
      readonly ch: number;
      readonly version: number;
      readonly members: readonly Member[];
    }
  | {
      readonly event: "leave";
      readonly ch: number;
      readonly version: number;
      readonly members: readonly Member[];
    }
  /** These were there before, and have other data now. */
  | {
      readonly event: "update";
      readonly ch: number;
      readonly version: number;
      readonly members: readonly Member[];
    }
  /** Joins or leaves were not sent, since this connection had no room: ask for the members again. */
  | { readonly event: "members"; readonly ch: number; readonly version: number }
  | {
      readonly event: "gap";
      readonly ch: number;
      /** The last place the subscriber had. */
      readonly after: number;
      /** Delivery goes on after this place, in `epoch`. */
      readonly until: number;
      readonly epoch: string;
      readonly reason: GapReason;
    }
  | ({ readonly event: "subscribed"; readonly channel: string } & SubscribeResult)
  | { readonly event: "unsubscribed"; readonly ch: number; readonly code: string; readonly message: string }
  | RefusedInput
  | { readonly event: "goaway"; readonly after: number };

/** What a server sends, one line each. The field that is there says what it is; a ping has none. */
export interface ServerFrame {
  readonly message?: MessageFrame;
  readonly event?: EventFrame;
  /** With an id the answer to a command; without one, an error that belongs to none. */
  readonly id?: number | undefined;
  readonly ok?: unknown;
  readonly error?: ErrorBody | undefined;
}
