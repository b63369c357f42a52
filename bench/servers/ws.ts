/** The package `ws`, and the loop over a channel's clients that everybody writes with it. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { serve } from "./serve.js";

const channels = new Map<string, Set<WebSocket>>();

function receive(socket: WebSocket, text: string): void {
  if (text.startsWith("+")) {
    const names = text.slice(1).split(",");
    for (const name of names) subscribe(name, socket);
    socket.on("close", () => {
      for (const name of names) channels.get(name)?.delete(socket);
    });
    socket.send("+ok");
  } else if (text.startsWith("=")) socket.send(text);
  else {
    const space = text.indexOf(" ");
    const message = text.slice(space + 1);
    for (const subscriber of channels.get(text.slice(0, space)) ?? []) {
      if (subscriber.readyState === subscriber.OPEN) subscriber.send(message);
    }
  }
}

function subscribe(name: string, socket: WebSocket): void {
  let members = channels.get(name);
  if (members === undefined) channels.set(name, (members = new Set()));
  members.add(socket);
}

serve(async ({ port }) => {
  const server = new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate: false });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data) => receive(socket, (data as Buffer).toString()));
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
});
