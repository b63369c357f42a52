import { useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { StateOptions } from "../../client/state/index.js";
import { readChannelArguments } from "../../protocol/pattern.js";
import { ClientContext } from "../provider.js";
import type { PresenceView } from "../types.js";
import type { View } from "../view.js";
import { type StateStore, createStateStore } from "./store.js";
import { stateStore } from "./stores.js";
import type { StateView } from "./types.js";

type Texts = Readonly<Record<string, string>>;
type Selector = (map: ReadonlyMap<string, unknown>) => unknown;
type Equal = (a: unknown, b: unknown) => boolean;

/** What a server renders, and a page at first. */
const nothing = (): undefined => undefined;

/** See `StateHooks.useStateKey`, which knows the app's types. */
export function useStateKey(pattern: string, params: Texts, key: string, options?: StateOptions): unknown;
export function useStateKey(name: string, key: string, options?: StateOptions): unknown;
export function useStateKey(name: string, ...given: readonly unknown[]): unknown {
  const [params, key, options] = (typeof given[0] === "string" ? [undefined, ...given] : given) as [
    Texts | undefined,
    string,
    StateOptions?,
  ];
  const store = useStore(channelOf(name, params), options);
  const view = useMemo(
    () => ({
      subscribe: (listener: () => void) => store.listen(listener, key),
      snapshot: () => store.map()?.get(key),
    }),
    [store, key],
  );
  return useSyncExternalStore(view.subscribe, view.snapshot, nothing);
}

/** See `StateHooks.useStateValue`, which knows the app's types. */
export function useStateValue(
  pattern: string,
  params: Texts,
  selector: Selector,
  equal?: Equal,
  options?: StateOptions,
): unknown;
export function useStateValue(
  name: string,
  selector: Selector,
  equal?: Equal,
  options?: StateOptions,
): unknown;
export function useStateValue(name: string, ...given: readonly unknown[]): unknown {
  const [params, selector, equal = Object.is, options] = (
    typeof given[0] === "function" ? [undefined, ...given] : given
  ) as [Texts | undefined, Selector, Equal?, StateOptions?];
  const store = useStore(channelOf(name, params), options);
  const last = useRef<unknown>(undefined);
  const subscribe = useCallback((listener: () => void) => store.listen(listener), [store]);
  // A selector that is written in place is another one at each rendering, and is asked again then.
  const snapshot = useMemo(() => selectionOf(store, selector, equal, last), [store, selector, equal]);
  const selected = useSyncExternalStore(subscribe, snapshot, nothing);
  useEffect(() => {
    last.current = selected;
  }, [selected]);
  return selected;
}

/** @param last what was rendered last, which is kept where it is the same */
function selectionOf(
  store: StateStore,
  selector: Selector,
  equal: Equal,
  last: { readonly current: unknown },
): () => unknown {
  let version: number | undefined;
  let selected: unknown;
  return () => {
    const map = store.map();
    if (!map) return undefined;
    if (version === store.version()) return selected;
    const before = version === undefined ? last.current : selected;
    const next = selector(map);
    version = store.version();
    selected = before !== undefined && equal(before, next) ? before : next;
    return selected;
  };
}

/** See `StateHooks.useStateKeys`, which knows the app's types. */
export function useStateKeys(
  pattern: string,
  params: Texts,
  options?: StateOptions,
): readonly string[] | undefined;
export function useStateKeys(name: string, options?: StateOptions): readonly string[] | undefined;
export function useStateKeys(...given: Given): readonly string[] | undefined {
  return useView(useChannel(...given).keys);
}

/** See `StateHooks.useStateChannel`, which knows the app's types. */
export function useStateChannel(pattern: string, params: Texts, options?: StateOptions): StateView;
export function useStateChannel(name: string, options?: StateOptions): StateView;
export function useStateChannel(...given: Given): StateView {
  return useView(useChannel(...given).view);
}

/** See `StateHooks.useStatePresence`, which knows the app's types. */
export function useStatePresence(pattern: string, params: Texts, options?: StateOptions): PresenceView;
export function useStatePresence(name: string, options?: StateOptions): PresenceView;
export function useStatePresence(...given: Given): PresenceView {
  return useView(useChannel(...given).presence);
}

type Given = [name: string, second?: object, third?: StateOptions];

function useChannel(name: string, second?: object, third?: StateOptions): StateStore {
  const [channel, options] = readChannelArguments<StateOptions>(name, second, third);
  return useStore(channel, options);
}

function channelOf(name: string, params: Texts | undefined): string {
  return readChannelArguments(name, params, params)[0];
}

function useStore(channel: string, options: StateOptions = {}): StateStore {
  const client = useContext(ClientContext);
  const { prefix, keys, rate, whenHidden, window } = options;
  const id = JSON.stringify([channel, prefix, keys, rate, whenHidden, window]);
  // What of the options is not in the id is the first one's.
  return useMemo(
    () => stateStore(client, id, () => createStateStore(client, channel, options)),
    [client, id],
  );
}

function useView<Snapshot>(view: View<Snapshot>): Snapshot {
  return useSyncExternalStore(view.subscribe, view.snapshot, view.initial);
}
