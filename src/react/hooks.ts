import { useContext, useMemo, useSyncExternalStore } from "react";
import { readChannelArguments } from "../protocol/pattern.js";
import { ClientContext } from "./provider.js";
import { streamStore, transientStore } from "./stores.js";
import type {
  PresenceView,
  StreamView,
  TransientView,
  UseStreamOptions,
  UseTransientOptions,
} from "./types.js";
import type { View } from "./view.js";

/** The stores of each kind that a hook looks at. */
const STORES = { stream: streamStore, transient: transientStore };

type Texts = Readonly<Record<string, string>>;

/** See `Hooks.useStream`, which knows the app's types. */
export function useStream(pattern: string, params: Texts, options?: UseStreamOptions): StreamView;
export function useStream(name: string, options?: UseStreamOptions): StreamView;
export function useStream(name: string, second?: object, third?: object): StreamView {
  const [channel, options] = readChannelArguments(name, second, third);
  const client = useContext(ClientContext);
  const view = useMemo(() => {
    const store = streamStore(client, channel);
    // The options of the first rendering count: others later change nothing.
    return wanting(store.view, () => store.want(options));
  }, [client, channel]);
  return useView(view);
}

/** See `Hooks.useTransient`, which knows the app's types. */
export function useTransient(pattern: string, params: Texts, options?: UseTransientOptions): TransientView;
export function useTransient(name: string, options?: UseTransientOptions): TransientView;
export function useTransient(name: string, second?: object, third?: object): TransientView {
  const [channel, options] = readChannelArguments(name, second, third);
  const client = useContext(ClientContext);
  const view = useMemo(() => {
    const store = transientStore(client, channel);
    return wanting(store.view, () => store.want(options));
  }, [client, channel]);
  return useView(view);
}

/** See `Hooks.usePresence`, which knows the app's types. */
export function usePresence(
  pattern: string,
  params: Texts,
  { kind = "stream" }: { readonly kind?: keyof typeof STORES } = {},
): PresenceView {
  const [channel] = readChannelArguments(pattern, params, {});
  const client = useContext(ClientContext);
  const store = STORES[kind];
  return useView(useMemo(() => store(client, channel).presence, [store, client, channel]));
}

function useView<Snapshot>(view: View<Snapshot>): Snapshot {
  return useSyncExternalStore(view.subscribe, view.snapshot, view.initial);
}

/** The view, whose every listener wants something first. */
function wanting<Snapshot>(view: View<Snapshot>, want: () => void): View<Snapshot> {
  return {
    ...view,
    subscribe(listener) {
      want();
      return view.subscribe(listener);
    },
  };
}
