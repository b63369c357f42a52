/** Stores that were made for a rendering which React then dropped; of more than this the unused are let go. */
const MAX_UNUSED = 100;

/**
 * The store of that name, the same for all components. Made while rendering, so making it does nothing.
 *
 * @param stores of one client; without one, each rendering has its own
 */
export function findStore<Store extends { readonly held: () => boolean }>(
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
