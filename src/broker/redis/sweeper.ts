import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import { list, numbers } from "./replies.js";
import { scripts } from "./scripts.js";

/** Instances in one script, so that it stays short. */
const AT_ONCE = 200;
/** Channels at the same time. */
const SIDE_BY_SIDE = 16;

/** Removes what a dead incarnation of a node has left behind. Any node may do it, also several at once. */
export class Sweeper {
  readonly #link: RedisLink;
  readonly #keys: Keys;

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  /**
   * Announces all members of a dead incarnation as left, on all channels, and ends the graces that are over there.
   * `known` are channels besides those that Redis lists. Resolves with milliseconds until there is more to do, such as
   * a grace that goes on; -1 when nothing is left.
   */
  async sweep(incarnation: string, known: readonly string[] = []): Promise<number> {
    const channelsKey = this.#keys.channelsOf(incarnation);
    const listed = list(await this.#link.command(channelsKey, "smembers", channelsKey)).map(String);
    const channels = [...new Set([...listed, ...known])];
    let soonest = -1;
    const sweepNext = async (): Promise<void> => {
      for (let channel = channels.pop(); channel !== undefined; channel = channels.pop()) {
        const nextGrace = await this.sweepChannel(channel, incarnation);
        if (nextGrace < 0) await this.#link.command(channelsKey, "srem", channelsKey, channel);
        else soonest = soonest < 0 ? nextGrace : Math.min(soonest, nextGrace);
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, sweepNext));
    if (soonest < 0) {
      const [leases = "", nodes = ""] = this.#keys.nodes();
      await this.#link.command(leases, "zrem", leases, incarnation);
      await this.#link.command(nodes, "hdel", nodes, incarnation);
    }
    return soonest;
  }

  /** The same on one channel. */
  async sweepChannel(channel: string, incarnation: string): Promise<number> {
    for (;;) {
      const reply = await this.#link.script(scripts.sweep, this.#keys.presence(channel, incarnation), [
        incarnation,
        AT_ONCE,
      ]);
      const [left = 0, nextGrace = -1] = numbers(reply);
      if (left === 0) return nextGrace;
    }
  }

  /** Whether this node is the one to sweep an incarnation now. */
  async claim(incarnation: string, node: string, ms: number): Promise<boolean> {
    const key = this.#keys.sweepOf(incarnation);
    return (await this.#link.command(key, "set", key, node, "NX", "PX", Math.ceil(ms))) !== null;
  }

  /** Declares an incarnation dead if its lease has run out, or if it says so itself. */
  async bury(incarnation: string, itself: boolean): Promise<boolean> {
    return (
      Number(
        await this.#link.script(scripts.nodeBury, this.#keys.nodes(), [incarnation, itself ? "1" : ""]),
      ) === 1
    );
  }
}
