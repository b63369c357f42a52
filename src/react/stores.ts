import type { Client } from "../client/index.js";
import { type StreamStore, createStreamStore } from "./stream-store.js";
import { type TransientStore, createTransientStore } from "./transient-store.js";

interface Stores {
  readonly stream: Map<string, StreamStore>;
  readonly transient: Map<string, TransientStore>;
}

const byClient = new WeakMap<Client, Stores>();

/** Stores that were made for a rendering which React then dropped; of more than this the unused are let go. */
const MAX_UNUSED = 100;

/** The store of a channel, the same for all components. Made while rendering, so making it does nothing. */
export function streamStore(client: Client | undefined, name: string): StreamStore {
  return find(client && storesOf(client).stream, name, () => createStreamStore(client, name));
}

/** As {@link streamStore}. */
export function transientStore(client: Client | undefined, name: string): TransientStore {
  return find(client && storesOf(client).transient, name, () => createTransientStore(client, name));
}

function storesOf(client: Client): Stores {
  let stores = byClient.get(client);
  if (stores === undefined) byClient.set(client, (stores = { stream: new Map(), transient: new Map() }));
  return stores;
}

function find<Store extends { readonly held: () => boolean }>(
  stores: Map<string, Store> | undefined,
  name: string,
  make: () => Store,
): Store {
  let store = stores?.get(name);
  if (store === undefined) {
    if (stores !== undefined && stores.size > MAX_UNUSED) {
      for (const [other, { held }] of stores) if (!held()) stores.delete(other);
    }
    store = make();
    stores?.set(name, store);
  }
  return store;
}
