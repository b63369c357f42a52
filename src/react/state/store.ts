import type { Client, TidemarkError } from "../../client/index.js";
import { type StateHandle, type StateOptions, state } from "../../client/state/index.js";
import { clientOf, createHeld } from "../held.js";
import type { PresenceView } from "../types.js";
import { type View, createView } from "../view.js";
import type { StateView } from "./types.js";

type Listener = () => void;
type Values = ReadonlyMap<string, unknown>;

/** One channel of keys, looked at with certain options, for all components that do. */
export interface StateStore {
  readonly view: View<StateView>;
  readonly keys: View<readonly string[] | undefined>;
  readonly presence: View<PresenceView>;
  /** The map, once all of it is there. */
  readonly map: () => Values | undefined;
  /** Another one whenever something of the map has changed and listeners are told. */
  readonly version: () => number;
  /** Calls `listener` once a frame when a key has changed, without a key when any has, until the returned function is called. */
  readonly listen: (listener: Listener, key?: string) => () => void;
  readonly held: () => boolean;
}

export function createStateStore(
  client: Client | undefined,
  name: string,
  options: StateOptions,
): StateStore {
  /** By key; those who listen to all of them are under `undefined`. */
  const listeners = new Map<string | undefined, Set<Listener>>();
  let version = 0;
  let isThere = false;
  let error: TidemarkError | undefined;
  /** Whether the channel has been asked for again since it was refused. */
  let isAsked = false;
  /** The keys that were listed last. */
  let known: ReadonlySet<string> = new Set();

  const held = createHeld(open, forget, fail);
  const call =
    (what: "set" | "merge" | "delete" | "change" | "update") =>
    async (...given: unknown[]): Promise<unknown> =>
      (held.handle()[what] as (...given: unknown[]) => Promise<unknown>)(...given);
  const writes = {
    set: call("set"),
    merge: call("merge"),
    delete: call("delete"),
    change: call("change"),
    update: call("update"),
  } as Pick<StateHandle, "set" | "merge" | "delete" | "change" | "update">;
  const view = createView<StateView>(() => ({ ready: isThere, error, handle: held.peek(), ...writes }), hold);
  const keys = createView(listed, hold);
  const presence = createView<PresenceView>(() => {
    const handle = held.peek();
    return { members: handle?.members ?? [], count: handle?.memberCount ?? 0 };
  }, hold);

  function map(): Values | undefined {
    return isThere ? held.peek()?.map : undefined;
  }

  function listed(): readonly string[] | undefined {
    const now = map();
    known = new Set(now?.keys());
    return now && [...known];
  }

  /** One more component looks: where the channel was refused, it is asked for again. */
  function hold(): () => void {
    if (error !== undefined && !isAsked) {
      isAsked = true;
      held.again();
    }
    return held.hold();
  }

  function fail(reason: TidemarkError): void {
    error = reason;
    isAsked = false;
    view.changed();
  }

  function open(): StateHandle {
    const handle = state(clientOf(client), name, options);
    handle.ready.then(
      () => held.peek() === handle && begin(),
      () => {},
    );
    handle.on("subscribed", () => {
      if (error === undefined) return;
      error = undefined;
      view.changed();
    });
    handle.on("changes", ({ changed }) => show(changed));
    handle.on("unsubscribed", fail);
    handle.on("error", fail);
    handle.on("members", presence.changed);
    view.changed();
    return handle;
  }

  /** The map is there. Where another handle had it before, nothing else says so. */
  function begin(): void {
    isThere = true;
    view.changed();
    keys.changed();
    version++;
    for (const key of listeners.keys()) tell(key);
  }

  function show(changed: ReadonlySet<string>): void {
    const now = map();
    if (!now) return;
    // Before the listeners of keys, so that a row that goes is not rendered once more.
    for (const key of changed) {
      if (known.has(key) === now.has(key)) continue;
      keys.changed();
      break;
    }
    version++;
    for (const key of changed) tell(key);
    tell(undefined);
  }

  function tell(key: string | undefined): void {
    for (const listener of listeners.get(key) ?? []) listener();
  }

  function forget(): void {
    isThere = false;
    error = undefined;
    version++;
    for (const each of [view, keys, presence]) each.changed();
    // So that the list of a large channel does not stay with a store that nobody looks at.
    keys.snapshot();
  }

  return {
    view,
    keys,
    presence,
    map,
    version: () => version,
    listen(listener, key) {
      const release = hold();
      const those = listeners.get(key) ?? new Set();
      listeners.set(key, those.add(listener));
      return () => {
        those.delete(listener);
        if (those.size === 0 && listeners.get(key) === those) listeners.delete(key);
        release();
      };
    },
    held: held.held,
  };
}
