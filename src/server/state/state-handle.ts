/** `app.state(…)`: a channel of keys, as the application itself reads, changes and watches it. */
import type { AppTypes } from "../../protocol/index.js";
import { duration, type Duration } from "../../protocol/duration.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { makeChange, type StateChanged, type StateWritten } from "./changing.js";
import { readAll, readKeys } from "./reading.js";
import type { States } from "./states.js";
import { DEFAULT_TRIES, updateKey } from "./update.js";
import type { Watch, WatchListener, WatchOptions } from "./watch.js";

/** Patterns of state channels. */
export type StatePattern<Types extends AppTypes> = {
  [Pattern in keyof Types["channels"] & string]: Types["channels"][Pattern]["kind"] extends "state"
    ? Pattern
    : never;
}[keyof Types["channels"] & string];

/** Patterns of rooms. */
export type RoomPattern<Types extends AppTypes> = {
  [Pattern in keyof Types["channels"] & string]: Types["channels"][Pattern]["kind"] extends "room"
    ? Pattern
    : never;
}[keyof Types["channels"] & string];

/** Patterns of channels that messages are published to. */
export type PublishPattern<Types extends AppTypes> = Exclude<
  keyof Types["channels"] & string,
  StatePattern<Types> | RoomPattern<Types>
>;

/** Keys and values: an object, or a Map. */
export type KeyedValues<Value> = Readonly<Record<string, Value>> | ReadonlyMap<string, Value>;

/** Some fields of a value; null removes one. */
export type StateFields<Value> = unknown extends Value
  ? Readonly<Record<string, unknown>>
  : { readonly [Name in keyof Value]?: Value[Name] | null };

/** What {@link StateHandle.change} takes: one key at least, each of them once. */
export interface StateChange<Input> {
  readonly set?: KeyedValues<Input>;
  /** Fields that are put into what a key holds, one level deep. A key that holds nothing is set. */
  readonly merge?: KeyedValues<StateFields<Input>>;
  readonly delete?: readonly string[];
  /** When the keys that are set are deleted, unless they are set again. Default: as the channel says. */
  readonly ttl?: Duration;
  /** What must be so: `keys` have not changed since the cursor `since`; `absent` hold nothing. */
  readonly if?: {
    readonly since?: string;
    readonly keys?: readonly string[];
    readonly absent?: readonly string[];
  };
}

/** How long what is set stays. */
export interface SetOptions {
  /** Milliseconds, or a text such as `"30s"`, after which the keys are deleted unless they are set again. Default: as the channel says. */
  readonly ttl?: Duration;
}

/**
 * A channel of keys, on the server. Made by {@link App.state}; it holds nothing, so that it may be made for each use.
 *
 * All methods but `watch` reject with a {@link TidemarkError}: `unavailable` where the broker does not answer, `outcome_unknown` where
 * it did not say whether a change was made, `closed` between `app.close` and the next `listen`. Neither `allow` nor hooks are asked.
 *
 * @example
 * const metrics = app.state("metrics/:region", { region: "eu" });
 * await metrics.set("web-1", { cpu: 0.4 }, { ttl: "30s" });
 * await metrics.update("requests", (count = 0) => count + 1);
 * const all = await metrics.entries({ prefix: "web-" });
 */
export class StateHandle<Input, Output> {
  /** The channel's full name. */
  readonly channel: string;
  readonly #resolved: ResolvedChannel;
  readonly #open: () => States;

  /** @param open gives what runs now; throws `closed` where nothing does */
  constructor(resolved: ResolvedChannel, open: () => States) {
    this.channel = resolved.name;
    this.#resolved = resolved;
    this.#open = open;
  }

  /**
   * What a key holds now, or several of them at one moment: 1 to 1,000. Asks the broker, so that it is what was written last,
   * wherever that was. Keys that hold nothing are `undefined`, or not in the Map.
   *
   * @throws {TidemarkError} `bad_request` for no keys, or too many
   * @example const { cpu } = (await metrics.get("web-1")) ?? { cpu: 0 };
   */
  get(key: string): Promise<Output | undefined>;
  get(keys: readonly string[]): Promise<Map<string, Output>>;
  async get(keys: string | readonly string[]): Promise<Output | undefined | Map<string, Output>> {
    const { node } = await this.#settled();
    const { texts } = await readKeys(node, this.#resolved, typeof keys === "string" ? [keys] : keys);
    if (typeof keys === "string") {
      const text = texts.get(keys);
      return text === undefined ? undefined : (JSON.parse(text) as Output);
    }
    return new Map([...texts].map(([key, text]) => [key, JSON.parse(text) as Output]));
  }

  /**
   * All keys and what they hold, as of one moment that is not before this call; with `prefix` those that begin so. In the order of
   * their last change. The channel is kept open on this server for it, and for five seconds after.
   */
  async entries({ prefix = "" }: { readonly prefix?: string } = {}): Promise<Map<string, Output>> {
    const { node } = await this.#settled();
    const { slots } = await readAll(node, this.#resolved, { prefix });
    return new Map(
      slots.map(({ slot, data }) => [slot, (typeof data === "string" ? JSON.parse(data) : null) as Output]),
    );
  }

  /**
   * Sets a key, or several at once. What this server sets and deletes within 10 ms goes as one change, the last for each key; it
   * resolves with the place of that. So any number of sets a second is a hundred changes at most. The values are read
   * until then, and must not be changed.
   *
   * @throws {TidemarkError} `invalid` for what the schema or JSON does not take, `too_large`, `limit_reached` where the channel is full,
   *   `bad_request` for no keys
   * @throws {TypeError} when `ttl` is no length of time
   * @example for (const host of hosts) void metrics.set(host.name, host.load, { ttl: "1m" }).catch(log);
   */
  set(key: string, value: Input, options?: SetOptions): Promise<StateWritten>;
  set(values: KeyedValues<Input>, options?: SetOptions): Promise<StateWritten>;
  set(what: string | KeyedValues<Input>, second?: unknown, third?: SetOptions): Promise<StateWritten> {
    // Hot path: a function that is async would cost a promise more for each key.
    try {
      const isOne = typeof what === "string";
      const options = isOne ? third : (second as SetOptions | undefined);
      const values: [string, unknown][] = isOne ? [[what, second]] : pairsOf(what);
      return this.#open().write(this.#resolved, values, msOf(options?.ttl));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Deletes a key, or several at once; as {@link set}. Keys that hold nothing stay as they are. */
  async delete(keys: string | readonly string[]): Promise<StateWritten> {
    return this.#open().erase(this.#resolved, typeof keys === "string" ? [keys] : keys);
  }

  /**
   * Puts fields into what a key holds, one level deep; null removes one. A key that holds nothing is set. Its time to live stays.
   *
   * @throws {TidemarkError} `invalid` where the key holds something else than an object, or the schema does not take the whole;
   *   `unavailable` where others change the key all the time
   */
  merge(key: string, fields: StateFields<Input>): Promise<StateChanged> {
    return this.change({ merge: new Map([[key, fields]]) });
  }

  /**
   * Makes several changes at once, or none of them, and only where the conditions hold.
   *
   * @throws {TidemarkError} `conflict` where a condition does not hold: its `details` have a `cursor` for the next try, and what
   *   the keys of the conditions hold `now`; and as `set` and `merge`
   * @throws {TypeError} when `ttl` is no length of time
   * @example await seats.change({ set: { a1: "ann" }, if: { absent: ["a1"] } });
   */
  async change({ set, merge, delete: gone, ttl, if: conditions }: StateChange<Input>): Promise<StateChanged> {
    const data = {
      ...(set !== undefined && { set: objectOf(set) }),
      ...(merge !== undefined && { merge: objectOf(merge) }),
      ...(gone !== undefined && { delete: gone }),
      ...(ttl !== undefined && { ttl: msOf(ttl) }),
      ...(conditions !== undefined && { if: conditions }),
    };
    const { node } = await this.#settled();
    return makeChange(node, this.#resolved, data);
  }

  /**
   * Sets a key to what `next` makes of what it holds; where somebody else has changed it meanwhile, `next` is asked again. Where
   * that returns `undefined`, nothing is changed. Those of one server whose `next` is synchronous take turns.
   *
   * @param next may be called several times; what it throws is what this rejects with
   * @throws {TidemarkError} `unavailable` when somebody else was first so many times; and as `set`
   * @example await scores.update("ann", (points = 0) => points + 10);
   */
  async update(
    key: string,
    next: (previous: Output | undefined) => Input | undefined | PromiseLike<Input | undefined>,
    { tries = DEFAULT_TRIES, ttl }: SetOptions & { readonly tries?: number } = {},
  ): Promise<StateChanged> {
    const ms = msOf(ttl);
    const { node, turns } = await this.#settled();
    return updateKey({ node, turns, resolved: this.#resolved }, key, (previous) => next(previous as Output), {
      tries,
      ...(ms !== undefined && { ttl: ms }),
    });
  }

  /**
   * Tells a listener what the channel holds, and then what changes, until it is closed: as a subscriber is told, and it is
   * counted as one. While the promise of a listener has not settled, changes add up, and it is told the newest of them. What a listener
   * throws is logged. Where the broker is away it goes on when that is back.
   *
   * @throws {TidemarkError} `bad_request` for options that make no sense; `closed` after `app.close`
   * @example
   * const watch = metrics.watch(({ changes, full }) => board.show(changes, full), { rate: 5 });
   * await watch.ready;
   */
  watch(listener: WatchListener<Output>, options: WatchOptions = {}): Watch {
    return this.#open().watch(this.#resolved, listener as WatchListener<unknown>, options);
  }

  /** What was set here before has been written, or has failed: what is read now, or changed, comes after it. */
  async #settled(): Promise<States> {
    const states = this.#open();
    const written = states.written(this.#resolved);
    if (written !== undefined) await written;
    return states;
  }
}

function pairsOf<Value>(values: KeyedValues<Value>): [string, Value][] {
  return values instanceof Map ? [...(values as ReadonlyMap<string, Value>)] : Object.entries(values);
}

function objectOf(values: KeyedValues<unknown>): object {
  return values instanceof Map ? Object.fromEntries(values as ReadonlyMap<string, unknown>) : values;
}

function msOf(ttl: Duration | undefined): number | undefined {
  return ttl === undefined ? undefined : duration(ttl, 0, "ttl");
}
