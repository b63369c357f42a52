import { onTestFinished } from "vitest";
import { WebSocket, type ClientOptions } from "ws";
import { readBinaryLines, splitTextLines } from "../../../src/protocol/index.js";

/** A line as it came; a message's payload is bytes where it was bytes. */
export type Line = Readonly<Record<string, unknown>> | readonly unknown[];

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A plain WebSocket client that remembers what it was told, in order, and waits for what a test asks for. */
export class Client {
  readonly socket: WebSocket;
  /** Everything that came and was not taken yet; pings left out. */
  readonly lines: Line[] = [];
  /** How many `{}` came. */
  pings = 0;
  readonly frames: (string | Uint8Array)[] = [];
  readonly closed: Promise<Closed>;
  readonly #waiting = new Set<() => void>();
  #end: Closed | undefined;
  #ids = 1000;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on("error", () => {});
    this.socket.on("message", (data, isBinary) => {
      const bytes = data as Buffer;
      this.frames.push(isBinary ? bytes : bytes.toString());
      const lines = isBinary ? readBinaryLines(bytes) : splitTextLines(bytes.toString());
      for (const { value, bytes: content } of lines) this.#take(value, content);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => {
        this.#end = { code, reason: reason.toString() };
        this.#wake();
        resolve(this.#end);
      });
    });
  }

  send(...lines: unknown[]): void {
    this.socket.send(
      lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
    );
  }

  /** Waits until `look` gives something. Looks again whenever something comes; rejects when the connection ends. */
  until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const found = look();
        if (found === undefined && this.#end === undefined) return;
        this.#waiting.delete(attempt);
        if (found !== undefined) resolve(found);
        else
          reject(
            new Error(
              `closed with ${this.#end?.code} ${this.#end?.reason}; got ${JSON.stringify(this.lines).slice(0, 500)}`,
            ),
          );
      };
      this.#waiting.add(attempt);
      attempt();
    });
  }

  /** Takes the first line that fits. */
  take(fits: (line: Line) => boolean): Promise<Line> {
    return this.until(() => {
      const index = this.lines.findIndex(fits);
      return index < 0 ? undefined : this.lines.splice(index, 1)[0];
    });
  }

  /** Takes the answer to the command with this id: `ok`, or `{ error }`. */
  async answer(id: number): Promise<Record<string, unknown>> {
    const line = (await this.take((one) => "id" in one && one.id === id)) as Record<string, unknown>;
    return "ok" in line ? (line["ok"] as Record<string, unknown>) : { error: line["error"] };
  }

  /** Sends a command with an id and takes its answer. */
  ask(command: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = ++this.#ids;
    this.send({ id, ...command });
    return this.answer(id);
  }

  /** Takes the next message of a channel number: its offset, payload and meta. */
  async message(ch: unknown): Promise<readonly unknown[]> {
    return ((await this.take((line) => Array.isArray(line) && line[0] === ch)) as unknown[]).slice(1);
  }

  /** Takes that many payloads of a channel number. */
  async payloads(ch: unknown, count: number): Promise<unknown[]> {
    const payloads: unknown[] = [];
    while (payloads.length < count) payloads.push((await this.message(ch))[1]);
    return payloads;
  }

  event(name: string): Promise<Line> {
    return this.take((line) => "event" in line && line.event === name);
  }

  /** Everything that the server was told before this is done with, and what it sent has come. */
  async settled(): Promise<void> {
    await this.ask({ call: "no such method" });
  }

  #take(value: unknown, content: Uint8Array | undefined): void {
    if (Array.isArray(value))
      this.lines.push(content === undefined ? value : [value[0], value[1], content, value[3]]);
    else if (Object.keys(value as object).length === 0) this.pings++;
    else this.lines.push({ ...(value as object), ...(content !== undefined && { content }) });
  }

  #wake(): void {
    for (const attempt of this.#waiting) attempt();
  }
}

/** A client whose socket is open. */
export async function open(url: string, options: ClientOptions = {}): Promise<Client> {
  const client = new Client(url, options);
  onTestFinished(() => client.socket.terminate());
  await new Promise((resolve, reject) => {
    client.socket.once("open", resolve);
    client.socket.once("error", reject);
  });
  return client;
}

/** A client that is connected; `connect` is what its connect command says. */
export async function connect(url: string, command: Record<string, unknown> = {}): Promise<Client> {
  const client = await open(url);
  const ok = await client.ask({ connect: command });
  if ("error" in ok) throw new Error(JSON.stringify(ok));
  return client;
}
