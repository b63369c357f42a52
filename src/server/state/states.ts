/** What one node has under way for the application on channels of keys. */
import type { ResolvedChannel } from "../channels/registry.js";
import type { ServerNode } from "../connection/node.js";
import { changeAsServer } from "../connection/publish/change-as-server.js";
import { TidemarkError } from "../errors.js";
import type { StateWritten } from "./changing.js";
import { Coalescer } from "./coalescer.js";
import { KeyTurns } from "./key-turns.js";
import { GONE } from "./write-batches.js";
import {
  ChannelWatch,
  mustBeWatchOptions,
  type Watch,
  type WatchListener,
  type WatchOptions,
} from "./watch.js";

/** What is set within this time goes together, in milliseconds. */
const TICK_MS = 10;

export class States {
  readonly node: ServerNode;
  readonly #tick: number;
  readonly turns = new KeyTurns();
  /** By channel; those in which nothing waits are dropped. */
  readonly #coalescers = new Map<string, Coalescer>();
  readonly #watches = new Set<Watch>();

  /** @param tick how long what is set waits for more, in milliseconds; 0: to the end of the turn */
  constructor(node: ServerNode, tick = TICK_MS) {
    this.node = node;
    this.#tick = tick;
  }

  /** Hot path. Sets keys, with whatever else is set there in the same tick. */
  write(
    resolved: ResolvedChannel,
    writes: readonly (readonly [key: string, value: unknown])[],
    ttl: number | undefined,
  ): Promise<StateWritten> {
    if (writes.length === 0)
      return Promise.reject(new TidemarkError("bad_request", "at least one key is set or deleted at once"));
    return this.#coalescerOf(resolved).write(writes, ttl);
  }

  erase(resolved: ResolvedChannel, keys: readonly string[]): Promise<StateWritten> {
    return this.write(
      resolved,
      keys.map((key) => [key, GONE]),
      undefined,
    );
  }

  /** Resolves when all has been written, or has failed, that was set on the channel before; `undefined` where nothing waits. */
  written({ name }: ResolvedChannel): Promise<void> | undefined {
    return this.#coalescers.get(name)?.settled();
  }

  /** @throws {TidemarkError} `bad_request` for options that make no sense */
  watch(resolved: ResolvedChannel, listener: WatchListener<unknown>, options: WatchOptions): Watch {
    mustBeWatchOptions(options);
    const watch = new ChannelWatch({
      node: this.node,
      resolved,
      listener,
      options,
      onClosed: (closed) => void this.#watches.delete(closed),
    });
    this.#watches.add(watch);
    return watch;
  }

  /** Ends the watches, and has what waits written at once; resolves when that has been done. */
  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    await Promise.all([...this.#coalescers.values()].map(async (coalescer) => coalescer.settled()));
  }

  #coalescerOf(resolved: ResolvedChannel): Coalescer {
    const { name } = resolved;
    let coalescer = this.#coalescers.get(name);
    if (coalescer === undefined) {
      const { clock, log } = this.node;
      coalescer = new Coalescer({
        clock,
        tick: this.#tick,
        change: (request) => changeAsServer(this.node, resolved, request),
        onIdle: () => void this.#coalescers.delete(name),
        onError: (error) => log.error({ channel: name, error }, "writing what was set failed; it goes on"),
      });
      this.#coalescers.set(name, coalescer);
    }
    return coalescer;
  }
}
