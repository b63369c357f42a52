/** What an application says of a state channel: `state({ … })`. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { DEFAULT_DEDUPE_MS, type SlotsOptions } from "../../broker/index.js";
import { MOST_TTL_MS } from "../kinds/slots/change-request.js";
import { STATE } from "../kinds/slots/state.js";
import {
  define,
  type AnySchema,
  type Awaitable,
  type Channel,
  type ChannelContext,
  type ChannelDef,
  type CommonOptions,
  type Input,
  type Output,
} from "./define.js";
import { duration, type Duration } from "../../protocol/duration.js";

/** What is done to a state channel. */
export type StateAction = "subscribe" | "get" | "set" | "delete" | "members";

/** What somebody wants to do to a state channel, as `allow` is asked about it. */
export interface StateAllowContext<User, Params> extends ChannelContext<User, Params> {
  readonly action: StateAction;
  /**
   * Which keys: with `get`, `set` and `delete` all of them, with `subscribe` those that are asked for, if they are. The conditions of
   * a publish are asked about as `get`, since their outcome tells of their keys; a merge as `set`.
   */
  readonly keys?: readonly string[];
  /** With `subscribe` the prefix that is asked for, if one is. */
  readonly prefix?: string;
}

/** Some of a channel's keys: those that begin with a text, or those of a list. */
export type SomeKeys = { readonly prefix: string } | { readonly keys: readonly string[] };

/** Changes that a client asks for, as `onChange` sees them: all of them are made at once, or none. */
export interface ChangeContext<User, Params, Value> extends ChannelContext<User, Params> {
  /** What keys are to hold, as the schema returned it; a merge as what it comes to. */
  readonly set: ReadonlyMap<string, Value>;
  /** Keys that are to be deleted. */
  readonly delete: readonly string[];
  /** What all these keys hold now; one that is missing here holds nothing. */
  readonly previous: ReadonlyMap<string, Value>;
  /** Milliseconds that what is set is to live, where the client says it. */
  readonly ttl: number | undefined;
  /**
   * The name of this publish, 43 letters, digits, `-` and `_`: the same whenever it is tried again, over any connection and
   * server, and nobody else can make a publish with it.
   */
  readonly key: string;
}

/** What `onChange` makes of changes. What it does not say stays as it was asked for. */
export interface ChangedTo<Value> {
  readonly set?: ReadonlyMap<string, Value> | Readonly<Record<string, Value>> | undefined;
  readonly delete?: readonly string[] | undefined;
  /** Milliseconds, from 1 to a year. */
  readonly ttl?: number | undefined;
}

/** What {@link state} takes; everything may be left out. */
export interface StateOptions<User, Params, Schema extends StandardSchemaV1> {
  /** What each key holds: any Standard Schema. What is merged is checked as the whole that it comes to. Default: every JSON value. */
  readonly value?: Schema;
  /** How many messages a second each subscriber gets at most; what changes in between comes together. Default: as they come. */
  readonly rate?: number;
  /** How long a key lives that is set without saying it. Setting it again begins anew. Default: until it is deleted. */
  readonly ttl?: Duration;
  /** How many keys there may be. Default 100,000. */
  readonly keys?: number;
  /** How many bytes of keys and values there may be. Default 64 MiB. */
  readonly bytes?: number;
  /** How many deleted keys are remembered, for those who come back; who is away for longer is told all anew. Default 10,000, for an hour. */
  readonly graves?: { readonly count?: number; readonly for?: Duration };
  /** How long a retried publish is recognised. Default 5 minutes. */
  readonly dedupe?: Duration;
  /** As that of a stream. */
  readonly presence?: CommonOptions<User, Params, Schema>["presence"];
  /** As that of a stream. */
  readonly presenceGrace?: Duration;
  /**
   * Whether this user may do that; or, with some keys, that it may do it with those only. A subscription sees no others then; a
   * command that names another one is refused. Default: everybody may do everything.
   *
   * @example allow: ({ action, user }) => (action === "subscribe" ? true : { prefix: `${user.id}/` })
   */
  readonly allow?: (context: StateAllowContext<User, Params>) => Awaitable<boolean | SomeKeys>;
  /** Called before a subscription begins; throw a `TidemarkError` to refuse it. */
  readonly onSubscribe?: (context: ChannelContext<User, Params>) => Awaitable<void>;
  /**
   * Called with each change that a client asks for, before it is made: return what to do instead, nothing to let it pass, or throw
   * a `TidemarkError` to refuse it. What it decides is done only if `previous` is still what the keys hold; otherwise it is called
   * again, ten times at most. A publish that is tried again may come here again, with the same `key`.
   */
  readonly onChange?: (
    context: ChangeContext<User, Params, Output<Schema>>,
  ) => Awaitable<ChangedTo<Output<Schema>> | void>;
}

/**
 * A channel of keys and values. Subscribers hold all of them, or some; those who fall behind or come back get each key that
 * has changed once, with its newest value, and what was changed at once comes at once.
 *
 * @throws {TypeError} when an option makes no sense
 * @example "metrics/:region": state({ value: z.object({ cpu: z.number() }), ttl: "1m", rate: 10 })
 */
export function state<User, Params, Schema extends StandardSchemaV1 = AnySchema>(
  options: StateOptions<User, Params, Schema> = {},
): Channel<User, Params, { kind: "state"; input: Input<Schema>; output: Output<Schema> }> {
  return { kind: "state", def: slotsChannel(options) };
}

const DEFAULT_KEYS = 100_000;
const DEFAULT_BYTES = 64 * 1024 * 1024;
const DEFAULT_GRAVES = 10_000;
const DEFAULT_GRAVES_MS = 3_600_000;

/** The inside of {@link state}: its definition, as the server works with it. */
export function slotsChannel<User, Params, Schema extends StandardSchemaV1 = AnySchema>(
  options: StateOptions<User, Params, Schema> = {},
): ChannelDef {
  const {
    keys = DEFAULT_KEYS,
    bytes = DEFAULT_BYTES,
    graves,
    rate,
    value,
    presence,
    presenceGrace,
  } = options;
  const dedupe = duration(options.dedupe, DEFAULT_DEDUPE_MS, "dedupe");
  const slots: SlotsOptions = {
    keeping: {
      by: "slots",
      most: { count: whole(keys, 1, "keys"), bytes: whole(bytes, 1, "bytes") },
      graves: {
        count: whole(graves?.count ?? DEFAULT_GRAVES, 0, "graves.count"),
        age: duration(graves?.for, DEFAULT_GRAVES_MS, "graves.for"),
      },
    },
    dedupe,
  };
  // What a config file says may be of any type.
  if (rate !== undefined && !(Number.isFinite(rate) && rate > 0))
    throw new TypeError(`rate must be a number of messages a second above 0, not ${String(rate)}`);
  // The hooks' types that are let go here are those of the pattern: the registry hands each hook its own.
  const hooks = options as unknown as Pick<ChannelDef, "allow" | "onSubscribe" | "onChange">;
  const common: CommonOptions<User, Params, Schema> = {
    ...(value !== undefined && { message: value }),
    ...(presence !== undefined && { presence }),
    ...(presenceGrace !== undefined && { presenceGrace }),
  };
  return {
    ...define(STATE, { keeping: { by: "entries" }, dedupe }, common),
    slots,
    rate,
    ttl: readTtl(options.ttl),
    allow: hooks.allow,
    onSubscribe: hooks.onSubscribe,
    onChange: hooks.onChange,
  };
}

function readTtl(ttl: Duration | undefined): number | undefined {
  if (ttl === undefined) return undefined;
  const ms = whole(Math.round(duration(ttl, 0, "ttl")), 1, "ttl");
  if (ms <= MOST_TTL_MS) return ms;
  throw new TypeError(`ttl must be at most ${MOST_TTL_MS} ms, a year, not ${JSON.stringify(ttl)}`);
}

function whole(value: number, least: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new TypeError(`${name} must be a whole number of at least ${least}, not ${String(value)}`);
}
