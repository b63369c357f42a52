import type { Client } from "../client/index.js";
import { findStore } from "./find-store.js";
import { type StreamStore, createStreamStore } from "./stream-store.js";
import { type TransientStore, createTransientStore } from "./transient-store.js";

interface Stores {
  readonly stream: Map<string, StreamStore>;
  readonly transient: Map<string, TransientStore>;
}

const byClient = new WeakMap<Client, Stores>();

/** The store of a channel, the same for all components. */
export function streamStore(client: Client | undefined, name: string): StreamStore {
  return findStore(client && storesOf(client).stream, name, () => createStreamStore(client, name));
}

/** As {@link streamStore}. */
export function transientStore(client: Client | undefined, name: string): TransientStore {
  return findStore(client && storesOf(client).transient, name, () => createTransientStore(client, name));
}

function storesOf(client: Client): Stores {
  let stores = byClient.get(client);
  if (stores === undefined) byClient.set(client, (stores = { stream: new Map(), transient: new Map() }));
  return stores;
}
