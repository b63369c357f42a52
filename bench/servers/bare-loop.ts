/**
 * The least that a server on Node's public API can do for a fan-out: what was published in a turn goes to each
 * subscriber in one `socket.write` of bytes that all share. No log, no offsets, no answers, no limits. The package `ws`
 * opens its connections and reads.
 */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { frameOf } from "./plain-frame.js";
import { serve } from "./serve.js";

const channels = new Map<string, Set<Socket>>();
/** What came in this turn, as finished frames. */
const due = new Map<string, Buffer[]>();

function receive(client: WebSocket, socket: Socket, text: string): void {
  if (text.startsWith("+")) {
    for (const name of text.slice(1).split(",")) subscribe(name, socket);
    client.send("+ok");
    return;
  }
  const space = text.indexOf(" ");
  const name = text.slice(0, space);
  const frame = frameOf(Buffer.from(text.slice(space + 1)));
  if (due.size === 0) setImmediate(flush);
  const frames = due.get(name);
  if (frames === undefined) due.set(name, [frame]);
  else frames.push(frame);
}

function subscribe(name: string, socket: Socket): void {
  let members = channels.get(name);
  if (members === undefined) channels.set(name, (members = new Set()));
  members.add(socket);
  socket.on("close", () => members.delete(socket));
}

function flush(): void {
  for (const [name, frames] of due) {
    const bytes = frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
    for (const socket of channels.get(name) ?? []) socket.write(bytes);
  }
  due.clear();
}

serve(async ({ port }) => {
  const server = new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate: false });
  server.on("connection", (client, { socket }) => {
    client.on("error", () => {});
    client.on("message", (data) => receive(client, socket, (data as Buffer).toString()));
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
});
