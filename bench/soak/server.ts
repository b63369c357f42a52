/** The server that soaks run against: one process, one log long enough for everything that is published. */
import { stream, tidemark } from "tidemark";
import { expose } from "../lib/remote.js";
import { settledRss, usage } from "../lib/usage.js";

// Who stops reading hears no pings either, and would be taken for dead after half a minute.
const app = tidemark({
  limits: { commands: false, channels: false, connects: false, bytes: false, ping: 600_000 },
}).channels({
  // For soak.ts: nothing may be trimmed while it runs.
  "soak/:id": stream({ retain: { count: 1_000_000, for: "1d" } }),
  // For slow.ts: much less than what goes through it.
  "slow/:id": stream({ retain: { bytes: 4 * 1024 * 1024 } }),
});

const functions = {
  listen: async () => (await app.listen({ port: 0, host: "127.0.0.1" })).port,
  usage,
  settledRss,
};
export type SoakServer = typeof functions;

expose(functions);
