/** What an application says of a channel: `stream({ … })`, `transient({ … })`. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { DEFAULT_DEDUPE_MS, type LogOptions, type Retain, type SlotsOptions } from "../../broker/index.js";
import type { ChannelTypes } from "../../protocol/index.js";
import type { RoomDef } from "../../room/shape.js";
import type { Kind } from "../kinds/kind.js";
import { STREAM } from "../kinds/stream/stream.js";
import { TRANSIENT } from "../kinds/transient/transient.js";
import { duration, type Duration } from "../../protocol/duration.js";

/** What is done to a channel. */
export type Action = "subscribe" | "publish" | "history" | "members";

/** Who does something to which channel. */
export interface ChannelContext<User, Params> {
  /** What `authenticate` returned; null without one. */
  readonly user: User;
  /** The id of the connection. */
  readonly client: string;
  /** The channel's full name. */
  readonly channel: string;
  /** What the pattern's parameters stand for. */
  readonly params: Params;
}

/** A message that somebody publishes, as `onPublish` sees it. */
export interface PublishContext<User, Params, Data> extends ChannelContext<User, Params> {
  /** The payload, as the schema returned it. */
  readonly data: Data;
  /**
   * The name of this publish, 43 letters, digits, `-` and `_`: the same whenever it is tried again, over any connection and
   * server, and nobody else can make a publish with it. Save it beside the row, in a column that is unique, and a message
   * is saved once however often it comes.
   *
   * @example insert into messages (key, text) values ($1, $2) on conflict (key) do nothing
   */
  readonly key: string;
}

export type Awaitable<T> = T | Promise<T>;
export type AnySchema = StandardSchemaV1<unknown, unknown>;
export type Input<S extends StandardSchemaV1> = StandardSchemaV1.InferInput<S>;
export type Output<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

/** What all kinds have in common. */
export interface CommonOptions<User, Params, Schema extends StandardSchemaV1> {
  /** What a message looks like: any Standard Schema. Without one every JSON value and all bytes are taken. */
  readonly message?: Schema;
  /**
   * Tells subscribers who is there. `true` shows each member's id; a function returns what else to show.
   * Default: no presence.
   */
  readonly presence?: true | ((context: ChannelContext<User, Params>) => unknown);
  /** How long a member who is cut off is still shown. Default 5 s. */
  readonly presenceGrace?: Duration;
  /**
   * Messages say which client published them (`sender`) and the number it gave them (`idem`), so that a client knows its
   * own, `message.mine`. Default false: they say only the user.
   */
  readonly sender?: boolean;
  /** Whether this user may do that. Default: everybody may do everything. */
  readonly allow?: (
    context: ChannelContext<User, Params> & { readonly action: Action },
  ) => Awaitable<boolean>;
  /** Called before a subscription begins; throw a `TidemarkError` to refuse it. */
  readonly onSubscribe?: (context: ChannelContext<User, Params>) => Awaitable<void>;
  /**
   * Called with each message a client publishes, before it is appended: return what to append, or throw a
   * `TidemarkError` to refuse it. A publish that is tried again may come here again, with the same `key`. What it
   * returns is appended also where the client has gone meanwhile.
   */
  readonly onPublish?: (context: PublishContext<User, Params, Output<Schema>>) => Awaitable<Output<Schema>>;
}

/** What {@link stream} takes; everything may be left out. */
export interface StreamOptions<User, Params, Schema extends StandardSchemaV1> extends CommonOptions<
  User,
  Params,
  Schema
> {
  /** What the log keeps. Default: nothing, the channel is live only. */
  readonly retain?: { readonly count?: number; readonly bytes?: number; readonly for?: Duration };
  /** How long a retried publish is recognised. Default 5 minutes. */
  readonly dedupe?: Duration;
}

/** What {@link transient} takes; everything may be left out. */
export type TransientOptions<User, Params, Schema extends StandardSchemaV1> = CommonOptions<
  User,
  Params,
  Schema
>;

/** A channel definition, as `.channels({ … })` takes it. Its types are the pattern's; its insides are the server's. */
export interface Channel<User, Params, Types extends ChannelTypes> {
  readonly kind: Types["kind"];
  readonly def: Types["kind"] extends "room" ? RoomDef : ChannelDef;
  readonly "~types"?: (user: User, params: Params) => Types;
}

/** A channel definition as the server works with it: checked, defaults filled in, types gone. */
export interface ChannelDef {
  /** What one who is behind gets, and what follows from that. */
  readonly kind: Kind;
  readonly schema: StandardSchemaV1 | undefined;
  readonly log: LogOptions;
  /** What the log keeps, where that is slots. */
  readonly slots: SlotsOptions | undefined;
  /** Its shape and code, where it is a room. */
  readonly room: RoomDef | undefined;
  readonly presence:
    | { readonly data: ((context: Context) => unknown) | undefined; readonly grace: number }
    | undefined;
  readonly sender: boolean;
  readonly allow: ((context: AllowContext) => Awaitable<Verdict>) | undefined;
  readonly onSubscribe: ((context: Context) => Awaitable<void>) | undefined;
  readonly onPublish:
    | ((context: PublishContext<unknown, Readonly<Record<string, string>>, unknown>) => unknown)
    | undefined;
  /** On a channel of keys: messages a second at most, for every subscriber; `undefined` for no limit. */
  readonly rate: number | undefined;
  /** On a channel of keys: milliseconds that a key lives that is set without saying how long; `undefined`: until it is deleted. */
  readonly ttl: number | undefined;
  /** On a channel of keys: asked about changes before they are made. */
  readonly onChange:
    | ((context: Context & Shown & { readonly key: string }) => Awaitable<Revision | void>)
    | undefined;
}

/** What somebody wants to do, as `allow` is asked about it. */
export type AllowContext = Context & {
  readonly action: Action | "get" | "set" | "delete";
  /** On a channel of keys: which. */
  readonly keys?: readonly string[];
  readonly prefix?: string;
};

/** What `allow` says: to all of it, to nothing, or on a channel of keys to those with a prefix, or to some. */
export type Verdict = boolean | { readonly prefix: string } | { readonly keys: readonly string[] };

/** Changes as `onChange` is shown them. */
export interface Shown {
  readonly set: ReadonlyMap<string, unknown>;
  readonly delete: readonly string[];
  readonly previous: ReadonlyMap<string, unknown>;
  readonly ttl: number | undefined;
}

/** What `onChange` makes of changes; what it does not say stays as it is. */
export interface Revision {
  readonly set?: ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>> | undefined;
  readonly delete?: readonly string[] | undefined;
  readonly ttl?: number | undefined;
}

/** A {@link ChannelContext} as the server works with it. */
export type Context = ChannelContext<unknown, Readonly<Record<string, string>>>;

const DEFAULT_GRACE_MS = 5000;

/**
 * A channel whose subscribers get every message, in order; those who fall behind or come back get what they missed.
 *
 * @throws {TypeError} when an option makes no sense
 * @example "chat/:id": stream({ message: z.object({ text: z.string() }), retain: { count: 1000, for: "7d" } })
 */
export function stream<User, Params, Schema extends StandardSchemaV1 = AnySchema>(
  options: StreamOptions<User, Params, Schema> = {},
): Channel<User, Params, { kind: "stream"; input: Input<Schema>; output: Output<Schema> }> {
  const log: LogOptions = {
    keeping: { by: "entries", retain: readRetain(options.retain) },
    dedupe: duration(options.dedupe, DEFAULT_DEDUPE_MS, "dedupe"),
  };
  return { kind: "stream", def: define(STREAM, log, options) };
}

/**
 * A channel for what matters only now: typing, cursors. Nothing is kept; one who falls behind gets the newest of
 * each sender.
 *
 * @example "typing/:id": transient({ message: z.object({ on: z.boolean() }) })
 */
export function transient<User, Params, Schema extends StandardSchemaV1 = AnySchema>(
  options: TransientOptions<User, Params, Schema> = {},
): Channel<User, Params, { kind: "transient"; input: Input<Schema>; output: Output<Schema> }> {
  return { kind: "transient", def: define(TRANSIENT, { keeping: { by: "entries" }, dedupe: 0 }, options) };
}

/** A definition as the server works with it, of a kind and what all of them have in common. */
export function define<User, Params, Schema extends StandardSchemaV1>(
  kind: Kind,
  log: LogOptions,
  options: CommonOptions<User, Params, Schema>,
): ChannelDef {
  const { presence } = options;
  // The registry hands each hook the user and the parameters of its own pattern: the types that are let go here.
  const hooks = options as unknown as Pick<ChannelDef, "allow" | "onSubscribe" | "onPublish">;
  return {
    kind,
    schema: options.message,
    log,
    slots: undefined,
    room: undefined,
    presence:
      presence === undefined
        ? undefined
        : {
            data: presence === true ? undefined : (presence as (context: unknown) => unknown),
            grace: duration(options.presenceGrace, DEFAULT_GRACE_MS, "presenceGrace"),
          },
    sender: options.sender ?? false,
    allow: hooks.allow,
    onSubscribe: hooks.onSubscribe,
    onPublish: hooks.onPublish,
    rate: undefined,
    ttl: undefined,
    onChange: undefined,
  };
}

function readRetain(retain: StreamOptions<unknown, unknown, StandardSchemaV1>["retain"]): Retain | undefined {
  if (retain === undefined) return undefined;
  const { count, bytes } = retain;
  for (const [name, value] of Object.entries({ count, bytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new TypeError(`retain.${name} must be a whole number above 0, not ${String(value)}`);
    }
  }
  const age = retain.for === undefined ? undefined : duration(retain.for, 0, "retain.for");
  if (count === undefined && bytes === undefined && age === undefined) {
    throw new TypeError("retain needs count, bytes or for; leave it out for a channel that keeps nothing");
  }
  return {
    ...(count !== undefined && { count }),
    ...(bytes !== undefined && { bytes }),
    ...(age !== undefined && { age }),
  };
}
