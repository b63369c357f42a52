/** A server says something every 25 seconds; one that has said nothing for so long is gone, in milliseconds. */
const SILENT_MS = 60_000;

/** Ends a request over which nothing comes any more. */
export class Silence {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.#timer = setTimeout(() => this.#controller.abort(new Error("nothing was heard of it")), SILENT_MS);
  }

  async *heard(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of body) {
      this.#timer.refresh();
      yield bytes;
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}
