/** The package `ws`: each message is made once, and sent to each client in a loop. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { settingBy } from "./batch.js";
import { serveState } from "./serve.js";

/**
 * Each message by itself, at the level that costs least. With a window that goes on over messages a tenth fewer bytes are
 * sent, for 300 KB of memory a connection and about as much time.
 */
const DEFLATE = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 512,
  zlibDeflateOptions: { level: 1 },
};

serveState(async ({ sending, deflate = false }) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: deflate && DEFLATE });
  server.on("connection", (socket) => socket.on("error", () => {}));
  await once(server, "listening");
  const set = settingBy(sending, (changes) => {
    const bytes = Buffer.from(JSON.stringify(changes));
    for (const socket of server.clients)
      if (socket.readyState === socket.OPEN) socket.send(bytes, { binary: false });
  });
  return { port: (server.address() as AddressInfo).port, set };
});
