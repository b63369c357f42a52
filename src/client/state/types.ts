import type { Member, SlotFilter } from "../../protocol/index.js";
import type { TidemarkError } from "../errors.js";
import type { Gap, Subscribed } from "../sink.js";
import type { Off } from "../types.js";
import type { Page } from "../page.js";
import type { Change } from "./change.js";
import type { Written } from "./writer.js";

/** How a channel of keys is looked at. Handles of one channel share its subscription, which has all that any of them wants. */
export interface StateOptions extends SlotFilter {
  /**
   * Messages a second at most, 0 or more; what changes in between comes as one message. The server takes the next lower one of 60, 30,
   * 20, 10, 5, 2, 1, 0.5 and 0.2. Without it changes come as they are made.
   */
  readonly rate?: number;
  /** What becomes of a page that nobody sees: `pause` has the server send nothing until it is seen, and then all at once. Default `pause`. */
  readonly whenHidden?: "pause" | "keep";
  /**
   * How many bytes of this channel the server has under way to this client at most, besides one line: 1,024 to 16 MiB. What is more
   * waits there, and comes as one message. The first handle's counts; default 65,536. Over WebSocket only.
   */
  readonly window?: number;
  /** What paints the page, and whether it is seen, for tests and unusual runtimes. The first handle's counts. */
  readonly page?: Page;
}

/** What has changed of a map. */
export interface Changes {
  /** The keys whose values are other than they were: they hold something else, or nothing. */
  readonly changed: ReadonlySet<string>;
  /** Whether the server has told the whole map anew: at first, and where it could not go on from where the client was. */
  readonly full: boolean;
}

/** What a handle tells. */
export interface StateEvents {
  /** Once a frame, after one or more changes. */
  readonly changes: Changes;
  /** The server could not go on where the client was, or cannot be sure. The map is told anew, or goes on, by itself. */
  readonly gap: Gap;
  /** Everyone there, whenever that changes. */
  readonly members: readonly Member[];
  readonly join: readonly Member[];
  readonly leave: readonly Member[];
  readonly update: readonly Member[];
  /** The subscription is on, again. */
  readonly subscribed: Subscribed;
  /** The server ended the subscription; it is not asked for again. */
  readonly unsubscribed: TidemarkError;
  /** The subscription was refused, or something else about this channel failed. */
  readonly error: TidemarkError;
}

/** How far what is shown is from what is. */
export interface Lag {
  /** How many changes the newest message stood for. */
  readonly merged: number;
  /** How old it was when it was applied, in milliseconds, as far as the clocks of client and server agree. */
  readonly age: number;
  /** Whether there is no map yet, or some of a message is there and not all. */
  readonly behind: boolean;
}

/** A handle on a channel of keys and values. */
export interface StateHandle<Output = unknown, Input = unknown> {
  /** The channel's name, such as `metrics/eu`. */
  readonly name: string;
  /**
   * Resolves when the map is there for the first time, all of it; rejects with the server's code when the subscription is refused,
   * with `closed` when the handle or the client is closed before.
   */
  readonly ready: Promise<void>;
  /**
   * The keys that the handle wants, and what they hold, own writes included. The same object always; it is consistent at any time: of
   * what was changed together all is there, or nothing. Keys stand in the order in which they came.
   */
  readonly map: ReadonlyMap<string, Output>;
  /** Where in the channel's log the map is, less own writes: `epoch:offset`. `undefined` before there is one. */
  readonly cursor: string | undefined;
  readonly lag: Lag;
  /** Who is on the channel, as far as is known. A new array whenever that changes. */
  readonly members: readonly Member[];
  readonly memberCount: number;
  /**
   * Calls `listener` for every event of that name until the returned function is called. One that throws stops nothing.
   *
   * @example metrics.on("changes", ({ changed }) => changed.forEach(draw));
   */
  on<Name extends keyof StateEvents>(name: Name, listener: (value: StateEvents[Name]) => void): Off;
  /**
   * Calls `listener` with what the key holds whenever that changes, once a frame; `undefined` is nothing.
   *
   * @example const off = metrics.subscribeKey("web-1", (value) => (cell.textContent = String(value?.cpu)));
   */
  subscribeKey(key: string, listener: (value: Output | undefined) => void): Off;
  /**
   * Calls `listener` whenever what `selector` makes of the map is something else, once a frame.
   *
   * @param options `equal` says whether it is the same as before; default `Object.is`
   * @example const off = metrics.subscribe((map) => map.size, (size) => (count.textContent = `${size}`));
   */
  subscribe<Selected>(
    selector: (map: ReadonlyMap<string, Output>) => Selected,
    listener: (selected: Selected, before: Selected) => void,
    options?: { readonly equal?: (a: Selected, b: Selected) => boolean },
  ): Off;
  /**
   * Sets a key. It is shown at once, and taken back where the server refuses it. Resolves when it is in the log, after as many retries
   * and reconnects as that takes; what one client writes to one channel enters in its order.
   *
   * Rejects with the server's code, `invalid` (no JSON), `too_large`, `outbox_full`, `outcome_unknown`, `closed`, or `offline` and `timeout`
   * where `publishTimeout` is set.
   *
   * @param options `ttl` is after how many milliseconds it goes unless it is set again
   * @example await metrics.set("web-1", { cpu: 0.4 }, { ttl: 60_000 });
   */
  set(key: string, value: Input, options?: { readonly ttl?: number }): Promise<Written>;
  /**
   * Sets fields of the object that a key holds, one level deep; null removes one. Where it holds nothing, the key is set. As
   * `set`; `invalid` where it holds no object.
   *
   * @example await metrics.merge("web-1", { mem: 3 });
   */
  merge(key: string, fields: Partial<Input> & object): Promise<Written>;
  /** Removes keys. As `set`. */
  delete(...keys: readonly string[]): Promise<Written>;
  /**
   * Changes several keys at once, or none where a condition does not hold: then it rejects with a `ConflictError`. A condition
   * on a key that this client has changed, and the server not yet told, waits for that.
   *
   * @example await seats.change({ set: { "12a": "ann" }, delete: ["11f"], if: { keys: ["11f"], absent: ["12a"] } });
   */
  change(change: Change<Input>): Promise<Written>;
  /**
   * Sets a key to what `next` makes of what it holds, which is nobody else's then: where it has changed meanwhile, `next` is called again,
   * up to ten times in all; then it rejects with a `ConflictError`. `undefined` is nothing, taken and returned.
   *
   * @example await votes.update("yes", (count) => (count ?? 0) + 1);
   */
  update(key: string, next: (value: Output | undefined) => Input | undefined): Promise<Written>;
  /** From now on so many messages a second at most; without `rate`, as they come. */
  tune(options: { readonly rate?: number | undefined }): void;
  /** Nothing comes until `resume`, unless another handle on the channel wants it. The map stays as it is. */
  pause(): void;
  /** All that has changed comes as one message, then what follows. */
  resume(): void;
  /** Ends this handle. The subscription ends with its last handle. What was written is sent all the same. */
  close(): void;
}
