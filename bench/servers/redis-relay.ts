/**
 * The least that two nodes with Redis between them can do: what a client sends is PUBLISHed, and what is heard goes to
 * each subscriber in one `socket.write` a turn. No log, no offsets, no answers, no keys. The package `ws` opens the
 * connections and reads.
 */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";
import { expose } from "../lib/remote.js";
import { usage } from "../lib/usage.js";
import { frameOf } from "./plain-frame.js";

const channels = new Map<string, Set<Socket>>();
/** What was heard in this turn, by who is to get it. */
const due = new Map<Socket, Buffer[]>();

function hear(channel: string, text: string): void {
  const frame = frameOf(Buffer.from(text));
  for (const socket of channels.get(channel) ?? []) {
    if (due.size === 0) setImmediate(flush);
    const frames = due.get(socket);
    if (frames === undefined) due.set(socket, [frame]);
    else frames.push(frame);
  }
}

function flush(): void {
  for (const [socket, frames] of due)
    socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  due.clear();
}

const functions = {
  /** Resolves with the port. */
  async listen(url: string): Promise<number> {
    const publisher = new Redis(url, { enableAutoPipelining: true });
    const subscriber = new Redis(url);
    subscriber.on("message", hear);
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
    server.on("connection", (client, { socket }) => {
      client.on("error", () => {});
      client.on("message", (data) => {
        const text = (data as Buffer).toString();
        if (!text.startsWith("+")) {
          const space = text.indexOf(" ");
          void publisher.publish(text.slice(0, space), text.slice(space + 1));
          return;
        }
        const names = text
          .slice(1)
          .split(",")
          .filter((name) => name !== "");
        for (const name of names) {
          const members = channels.get(name);
          if (members === undefined) channels.set(name, new Set([socket]));
          else members.add(socket);
        }
        const ready = names.length > 0 ? subscriber.subscribe(...names) : Promise.resolve(0);
        void ready.then(() => client.send("+ok"));
      });
    });
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  },
  usage,
};
export type RedisRelay = typeof functions;

expose(functions);
