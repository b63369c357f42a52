/**
 * uWebSockets.js, by its own publish and subscribe. The package `uwebsockets` is somebody else's packaging of it,
 * pinned: the project itself is not on npm, and newer binaries need a newer C library than Debian 12 has.
 */
import uWS from "uwebsockets";
import { serve } from "./serve.js";

const MAX_BACKPRESSURE = 1024 * 1024;
const PLUS = 0x2b;
const EQUALS = 0x3d;
const SPACE = 0x20;

serve(
  ({ port }) =>
    new Promise((resolve, reject) => {
      const app = uWS.App();
      app.ws("/*", {
        idleTimeout: 120,
        // Above it messages to that client vanish. Its default is 64 KiB, which 8 messages of 16 KiB exceed.
        maxBackpressure: MAX_BACKPRESSURE,
        open() {},
        message(socket, message) {
          const bytes = Buffer.from(message);
          if (bytes[0] === PLUS) {
            for (const name of bytes.toString("latin1", 1).split(",")) socket.subscribe(name);
            socket.send("+ok", false);
          } else if (bytes[0] === EQUALS) socket.send(message, false);
          else {
            const space = bytes.indexOf(SPACE);
            app.publish(bytes.toString("latin1", 0, space), bytes.subarray(space + 1), false);
          }
        },
      });
      app.listen("127.0.0.1", port, (socket) => {
        if (socket) resolve(uWS.us_socket_local_port(socket));
        else reject(new Error(`cannot listen on port ${port}`));
      });
    }),
);
