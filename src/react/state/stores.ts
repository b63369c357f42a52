import type { Client } from "../../client/index.js";
import { findStore } from "../find-store.js";
import type { StateStore } from "./store.js";

const byClient = new WeakMap<Client, Map<string, StateStore>>();

/** The store of a channel and options, the same for all components; `id` stands for both. */
export function stateStore(client: Client | undefined, id: string, make: () => StateStore): StateStore {
  let stores = client && byClient.get(client);
  if (client && stores === undefined) byClient.set(client, (stores = new Map()));
  return findStore(stores, id, make);
}
