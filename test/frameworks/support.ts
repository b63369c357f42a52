/** An example's server as a process, and what every one of them has to do. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { connect } from "tidemark/client";
import { expect, onTestFinished } from "vitest";
import { WebSocket } from "ws";

const ROOT = join(import.meta.dirname, "../..");

/** Starts `build/examples/<name>/server.js` on a free port, until the test is over; resolves to where it is. */
export async function startExample(name: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, "build/examples", name, "server.js")], {
    env: { ...process.env, NODE_ENV: "test", PORT: "0", ...env },
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "close");
  });
  let output = "";
  child.stderr.on("data", (text: Buffer) => (output += text.toString()));
  const ended = once(child, "close").then(() => Promise.reject(new Error(`${name} ended: ${output}`)));
  ended.catch(() => {});
  for (;;) {
    const [text] = (await Promise.race([once(child.stdout, "data"), ended])) as [Buffer];
    output += text.toString();
    const port = /listening at http:\/\/[^:]+:(\d+)/.exec(output)?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
  }
}

/** A stream of the example's, as a client sees it, and a reader of it. */
export function chatAt(url: string) {
  const client = connect(`${url}/connect`);
  onTestFinished(() => client.close());
  const chat = client.stream("chat/general", { last: 10 });
  const messages = chat[Symbol.asyncIterator]();
  /** The message at this offset, when it comes. */
  async function messageAt(offset: number): Promise<unknown> {
    for (;;) {
      const { value, done } = await messages.next();
      if (done === true) throw new Error("closed");
      if (value.offset === offset) return value.data;
    }
  }
  return { publish: (data: unknown) => chat.publish(data), messageAt };
}

/** The channels are there, and go on being there. */
export async function checkChannels(url: string): Promise<void> {
  const chat = chatAt(url);
  const { offset } = await chat.publish("hi");
  expect(await chat.messageAt(offset)).toBe("hi");
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" });
}

/** Opens a WebSocket; resolves to the first message, or to the status or code with which it was refused. */
export function firstMessage(url: string, protocol?: string): Promise<string | number> {
  const socket = new WebSocket(url.replace("http", "ws"), protocol);
  onTestFinished(() => socket.terminate());
  return new Promise((resolve) => {
    socket.on("message", (data: Buffer) => resolve(data.toString()));
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    socket.on("error", () => {});
    socket.on("close", resolve);
  });
}
