import type { RedisBrokerOptions, Settings } from "./options.js";

/** What another thread needs to find the same Redis: all that can be cloned of what this one was given. */
export function forOtherThread(settings: Settings): RedisBrokerOptions {
  const { url, client, sentinel, cluster, prefix, timeout, replicas, maxKeys, idle } = settings;
  return {
    ...(url !== undefined && { url }),
    ...(client !== undefined && { client: cloneable(client) }),
    ...(sentinel !== undefined && { sentinel }),
    ...(cluster !== undefined && { cluster: cloneable(cluster) }),
    ...(idle !== undefined && { idle }),
    prefix,
    timeout,
    replicas,
    maxKeys,
  };
}

/**
 * A copy without the functions in it: they say when to connect again, or which errors to tell of, which nobody needs who connects once. An
 * object of a class that cannot be cloned, such as a TLS context, is left out as well; certificates and keys are texts or bytes.
 */
function cloneable<T extends object>(options: T): T {
  const kept = Object.entries(options).flatMap(([name, value]: [string, unknown]) => {
    const copy = copyOf(value);
    return copy === undefined ? [] : [[name, copy] as const];
  });
  return Object.fromEntries(kept) as T;
}

function copyOf(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? cloneable(value) : undefined;
}
