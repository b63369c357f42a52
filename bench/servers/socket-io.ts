/** Socket.IO, with its WebSocket transport only and a room a channel. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { serve } from "./serve.js";

serve(async ({ port, recover = false }) => {
  const http = createServer();
  const server = new Server(http, {
    transports: ["websocket"],
    serveClient: false,
    ...(recover && { connectionStateRecovery: {} }),
  });
  server.on("connection", (socket) => {
    socket.on("sub", (channels, done) => {
      void socket.join(channels);
      done();
    });
    socket.on("pub", (channel, data) => server.to(channel).emit("m", data));
    socket.on("echo", (data, done) => done(data));
  });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  return (http.address() as AddressInfo).port;
});
