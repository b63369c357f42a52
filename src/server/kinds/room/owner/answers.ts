import type { Answer } from "../messages.js";

/** So many requests are remembered; their nodes have long given up on older ones. */
const MOST_REMEMBERED = 4096;

/** What became of requests, so that one that comes again is not carried out again. */
export class Answers {
  /** In the order of coming; `undefined`: not known yet. */
  readonly #known = new Map<string, Answer | undefined>();

  /** Whether it came before; and what it was answered, if it was. */
  find(id: string): { readonly answer: Answer | undefined } | undefined {
    return this.#known.has(id) ? { answer: this.#known.get(id) } : undefined;
  }

  begin(id: string): void {
    this.#known.set(id, undefined);
    if (this.#known.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /** One that may be tried again is forgotten. */
  end(answer: Answer): void {
    if (answer.code === "unavailable" || answer.code === "room_moved") this.#known.delete(answer.id);
    else if (this.#known.has(answer.id)) this.#known.set(answer.id, answer);
  }
}
