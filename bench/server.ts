/**
 * npm run bench:server -- --port 8090
 *
 * The Tidemark server of the benchmark by itself, for load generators of other people.
 */
import { numberOptions } from "./lib/options.js";
import { app } from "./servers/tidemark-app.js";

const { port } = await app.listen(numberOptions({ port: 8090 }));
console.log(
  `Tidemark is at ws://localhost:${port}/connect: channels bench/… with a log of 1,000 messages, method echo.`,
);
console.log(
  `A bare WebSocket echo is at ws://localhost:${port}/echo. Process ${process.pid}; Ctrl+C stops it.`,
);
const stop = (): void => void app.close().then(() => process.exit(0));
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
