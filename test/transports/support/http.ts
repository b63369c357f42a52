/** Plain HTTP, as a stranger's client would speak it. */
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The lines of the body that are not blank, as JSON. */
  readonly lines: Record<string, unknown>[];
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** An answer that is still coming. */
export class Stream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  text = "";
  ended = false;
  readonly #message: IncomingMessage;
  readonly #waiting = new Set<() => void>();

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.status = message.statusCode ?? 0;
    this.headers = message.headers;
    message.setEncoding("utf8");
    message.on("data", (text: string) => {
      this.text += text;
      this.#wake();
    });
    const end = (): void => {
      this.ended = true;
      this.#wake();
    };
    message.on("end", end);
    message.on("error", end);
    onTestFinished(() => this.drop());
  }

  get lines(): (Record<string, unknown> | unknown[])[] {
    return this.text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [JSON.parse(line) as never]));
  }

  /** Waits until `look` gives something; rejects when the answer has ended before. */
  until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const found = look();
        if (found === undefined && !this.ended) return;
        this.#waiting.delete(attempt);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the answer ended with ${JSON.stringify(this.text.trim().slice(-500))}`));
      };
      this.#waiting.add(attempt);
      attempt();
    });
  }

  /** Waits for the end, and gives the lines. */
  async end(): Promise<(Record<string, unknown> | unknown[])[]> {
    await this.until(() => (this.ended ? true : undefined));
    return this.lines;
  }

  pause(): void {
    this.#message.pause();
  }

  resume(): void {
    this.#message.resume();
  }

  drop(): void {
    this.#message.destroy();
  }

  #wake(): void {
    for (const attempt of this.#waiting) attempt();
  }
}

/** Resolves as soon as the answer has begun. */
export function begin(url: string, { method = "POST", headers = {}, body: sent }: Ask): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false }, (message) => resolve(new Stream(message)));
    asking.on("error", reject);
    asking.end(sent);
  });
}

/** The whole answer. */
export async function ask(url: string, options: Ask): Promise<Answer> {
  const stream = await begin(url, options);
  await stream.until(() => (stream.ended ? true : undefined));
  const { status, headers, text } = stream;
  const json = (headers["content-type"] ?? "").includes("json");
  return { status, headers, text, lines: json ? (stream.lines as Record<string, unknown>[]) : [] };
}

/** Commands as a body. */
export function body(...lines: unknown[]): string {
  return lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
}
