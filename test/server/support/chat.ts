/** Channels of every retention, served over real sockets. */
import { stream, tidemark, transient, type ListenOptions } from "../../../src/server/index.js";
import { connect, type Client } from "./client.js";
import { quiet, serve } from "./serve.js";

export function makeApp() {
  return tidemark({ ...quiet, limits: { commands: false } }).channels({
    "chat/:id": stream({ retain: { count: 1000 } }),
    "few/:id": stream({ retain: { count: 3 } }),
    "live/:id": stream(),
    "now/:id": transient(),
  });
}

export interface Publisher {
  publishTo(channel: string, data: unknown): Promise<{ offset: number }>;
  listen(options: ListenOptions): Promise<{ port: number; host: string; url: string }>;
  close(): Promise<void>;
}

/** Publishes these numbers, and gives their offsets. */
export async function say(app: Publisher, channel: string, from: number, to: number): Promise<number[]> {
  const offsets = [];
  for (let i = from; i <= to; i++) offsets.push((await app.publishTo(channel, i)).offset);
  return offsets;
}

/** A served app, and a client that is connected to it. */
export async function setup(): Promise<{ app: Publisher; url: string; client: Client }> {
  const app = makeApp();
  const { url } = await serve(app);
  return { app, url, client: await connect(url) };
}
