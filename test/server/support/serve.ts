import { onTestFinished } from "vitest";
import { silentLogger, type App, type Logger } from "../../../src/server/index.js";
import type { AppTypes } from "../../../src/protocol/index.js";

export interface Served {
  readonly port: number;
  /** Where channels are. */
  readonly url: string;
  readonly echo: string;
  readonly http: string;
}

/** Serves on a port of the system's choosing until the test is over. */
export async function serve(app: Pick<App<unknown, AppTypes>, "listen" | "close">): Promise<Served> {
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return servedAt(port);
}

export function servedAt(port: number): Served {
  const ws = `ws://127.0.0.1:${port}`;
  return { port, url: `${ws}/connect`, echo: `${ws}/echo`, http: `http://127.0.0.1:${port}` };
}

export const quiet = { log: silentLogger };

/** A logger that remembers. */
export function listeningLogger(): Logger & {
  readonly lines: { level: string; fields: Readonly<Record<string, unknown>>; message: string }[];
} {
  const lines: { level: string; fields: Readonly<Record<string, unknown>>; message: string }[] = [];
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, info: write("info"), warn: write("warn"), error: write("error") };
}

/** A promise and the way to settle it. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
