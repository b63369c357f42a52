/** Socket.IO, with its WebSocket transport only: everybody is in one room. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { settingBy } from "./batch.js";
import { serveState } from "./serve.js";

serveState(async ({ sending }) => {
  const http = createServer();
  const server = new Server(http, { transports: ["websocket"], serveClient: false });
  server.on("connection", (socket) => void socket.join("market"));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const set = settingBy(sending, (changes) => void server.to("market").emit("m", changes));
  return { port: (http.address() as AddressInfo).port, set };
});
