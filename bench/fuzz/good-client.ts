/** The client that must go on being served: it publishes, hears itself, and counts how long that took. */
import { connect } from "tidemark/client";

export interface Served {
  readonly published: number;
  readonly heard: number;
  /** The longest that one message took, in milliseconds. */
  readonly slowest: number;
  readonly problems: readonly string[];
}

/** Between two messages, in milliseconds. */
const PACE_MS = 50;
/** A message that takes longer is a client that is not served, in milliseconds: moves and full disks come in between. */
const PATIENCE_MS = 40_000;

export class GoodClient {
  readonly #client: ReturnType<typeof connect>;
  readonly #over: Promise<void>;
  readonly #problems: string[] = [];
  #published = 0;
  #heard = 0;
  #slowest = 0;
  #stopped = false;

  constructor(url: string) {
    this.#client = connect(url, { token: "good-client", transports: ["websocket"] });
    this.#over = this.#run();
  }

  async #run(): Promise<void> {
    const handle = this.#client.stream("good/one" as never) as unknown as Handle;
    const waiting = new Map<number, () => void>();
    handle.on("message", ({ data }) => {
      this.#heard++;
      waiting.get(data)?.();
      if (!waiting.delete(data)) this.#problems.push(`message ${data} came twice, or was never sent`);
    });
    handle.on("gap", ({ reason }) => this.#problems.push(`a gap: ${reason}`));
    for (let n = 0; !this.#stopped; n++) {
      const began = performance.now();
      const heard = new Promise<void>((resolve) => waiting.set(n, resolve));
      const late = new Promise<never>((_resolve, reject) => {
        setTimeout(
          () => reject(new Error(`message ${n} took more than ${PATIENCE_MS} ms`)),
          PATIENCE_MS,
        ).unref();
      });
      late.catch(() => {});
      try {
        await Promise.race([Promise.all([handle.publish(n), heard]), late]);
        this.#published++;
        this.#slowest = Math.max(this.#slowest, performance.now() - began);
      } catch (error) {
        this.#problems.push(String(error));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  /** Ends after the message that is under way. */
  async stop(): Promise<Served> {
    this.#stopped = true;
    await this.#over;
    this.#client.close();
    return {
      published: this.#published,
      heard: this.#heard,
      slowest: Math.round(this.#slowest),
      problems: this.#problems,
    };
  }
}

interface Handle {
  publish(data: number): Promise<unknown>;
  on(event: "message", run: (message: { data: number }) => void): void;
  on(event: "gap", run: (gap: { reason: string }) => void): void;
}
