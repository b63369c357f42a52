import {
  type ReactElement,
  createContext,
  createElement,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { Client, Status } from "../client/index.js";
import type { AnyClient, ProviderProps } from "./types.js";

/** The client of the components below; which app's it is, the types of `createHooks` say. */
export const ClientContext = createContext<Client | undefined>(undefined);

/** See `Hooks.TidemarkProvider`, which knows the app's types. */
export function TidemarkProvider({ client, children }: ProviderProps): ReactElement {
  const own = useOwnClient(typeof client === "function" ? client : undefined);
  const value = typeof client === "function" ? own : client;
  return createElement(ClientContext.Provider, { value: value as Client | undefined }, children);
}

interface Owned {
  readonly client: AnyClient;
  mounted: boolean;
}

/** The client that `make` makes, while mounted. Not while rendering: that may happen on a server, or for nothing. */
function useOwnClient(make: (() => AnyClient) | undefined): AnyClient | undefined {
  const [client, setClient] = useState<AnyClient>();
  const owned = useRef<Owned | undefined>(undefined);
  // A function written in place is another one at every rendering, and means the same.
  const first = useRef(make);
  useEffect(() => {
    if (first.current === undefined) return undefined;
    const mine = (owned.current ??= { client: first.current(), mounted: true });
    mine.mounted = true;
    setClient(mine.client);
    return () => {
      mine.mounted = false;
      // In development React mounts twice, in one turn: one client for both.
      queueMicrotask(() => {
        if (mine.mounted) return;
        mine.client.close();
        if (owned.current === mine) owned.current = undefined;
      });
    };
  }, []);
  return client;
}

/** See `Hooks.useClient`, which knows the app's types. */
export function useClient(): Client | undefined {
  return useContext(ClientContext);
}

/** See `Hooks.useStatus`. */
export function useStatus(): Status {
  const client = useContext(ClientContext);
  const view = useMemo(
    () => ({
      subscribe: (listener: () => void) => client?.on("status", listener) ?? (() => {}),
      snapshot: (): Status => client?.status ?? "connecting",
      initial: (): Status => "connecting",
    }),
    [client],
  );
  return useSyncExternalStore(view.subscribe, view.snapshot, view.initial);
}
