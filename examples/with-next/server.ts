/** Tidemark beside Next: a custom server that asks Tidemark first, for requests and upgrades, and then Next. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import next from "next";
import { stream, tidemark } from "tidemark";

const chat = tidemark().channels({ "chat/:id": stream({ retain: { count: 100 } }) });

// Next listens for upgrades on this server, which hears what it is told below. On the real one it would end every
// upgrade whose path a page matches (`app/[...all]`), ours too.
const pages = createServer();
const web = next({
  dev: process.env["NODE_ENV"] !== "production",
  dir: import.meta.dirname,
  httpServer: pages,
});
await web.prepare();
const handle = web.getRequestHandler();

const server = createServer((request, response) => {
  if (!chat.handleRequest(request, response)) void handle(request, response);
});
server.on("upgrade", (request, socket, head) => {
  // Until its first request Next does not listen; the page that is reloaded hot comes back then.
  if (!chat.handleUpgrade(request, socket, head) && !pages.emit("upgrade", request, socket, head))
    socket.destroy();
});
server.listen(Number(process.env["PORT"] ?? 3000), () => {
  console.log(`listening at http://localhost:${(server.address() as AddressInfo).port}`);
});
