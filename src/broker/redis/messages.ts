import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import type { Listener } from "./topic.js";
import type { Topics } from "./topics.js";

/** Messages between nodes: each hears its own topic and the one of all. */
export class Messages {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #topics: Topics;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<(text: string) => void>();

  constructor(link: RedisLink, keys: Keys, topics: Topics, onError: (error: unknown) => void) {
    this.#link = link;
    this.#keys = keys;
    this.#topics = topics;
    this.#onError = onError;
  }

  /** Begins to hear. */
  async open(node: string): Promise<void> {
    const listener: Listener = {
      onMessage: (message) => this.#tell(message.toString()),
      onReset: () => {
        // Messages are sent at most once; what was lost is lost.
      },
    };
    await Promise.all(
      [this.#keys.inbox(node), this.#keys.everybody()].map((topic) => this.#topics.open(topic, listener)),
    );
  }

  async send(node: string, text: string): Promise<void> {
    const topic = node === "*" ? this.#keys.everybody() : this.#keys.inbox(node);
    await this.#link.command(topic, "spublish", topic, text);
  }

  listen(listener: (text: string) => void): () => void {
    // A listener of one's own, so that the same function may listen twice.
    const own = (text: string): void => listener(text);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  close(): void {
    this.#listeners.clear();
  }

  #tell(text: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(text);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
