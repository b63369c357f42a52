/** uWebSockets.js, by its own publish; see ../uwebsockets.ts for where the package is from. */
import uWS from "uwebsockets";
import { settingBy } from "./batch.js";
import { serveState } from "./serve.js";

/** Above it messages to that client vanish. Its default is 64 KiB, which three batches exceed. */
const MAX_BACKPRESSURE = 16 * 1024 * 1024;

serveState(
  ({ sending }) =>
    new Promise((resolve, reject) => {
      const app = uWS.App();
      app.ws("/*", {
        idleTimeout: 120,
        maxBackpressure: MAX_BACKPRESSURE,
        open: (socket) => socket.subscribe("market"),
        message() {},
      });
      const set = settingBy(sending, (changes) => void app.publish("market", JSON.stringify(changes), false));
      app.listen("127.0.0.1", 0, (socket) => {
        if (socket) resolve({ port: uWS.us_socket_local_port(socket), set });
        else reject(new Error("cannot listen"));
      });
    }),
);
