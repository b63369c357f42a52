/** A token, or how to get one. */
export type TokenOption = string | (() => string | undefined | Promise<string | undefined>);

/** The token for the next connection. A function is asked once, and again only after the server refused its token. */
export class TokenSource {
  readonly #option: TokenOption | undefined;
  #kept: string | undefined;

  constructor(option: TokenOption | undefined) {
    this.#option = option;
  }

  /** Whether asking again can give another token. */
  get renewable(): boolean {
    return typeof this.#option === "function";
  }

  /** At once where it can be, so that a first connection loses no time. */
  get(): string | undefined | Promise<string | undefined> {
    if (typeof this.#option !== "function") return this.#option;
    return this.#kept ?? this.#ask(this.#option);
  }

  /** The server wants another one. */
  forget(): void {
    this.#kept = undefined;
  }

  async #ask(option: () => string | undefined | Promise<string | undefined>): Promise<string | undefined> {
    this.#kept = await option();
    return this.#kept;
  }
}
