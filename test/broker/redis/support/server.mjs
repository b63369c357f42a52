// A server on a Redis, for tests that stop it: node server.mjs REDIS DEDUPE. Its port goes to the parent.
import { stream, tidemark } from "tidemark";
import { redisBroker } from "tidemark/broker/redis";

const [url, dedupe] = process.argv.slice(2);
const quiet = { info: () => {}, warn: () => {}, error: console.error };
const broker = await redisBroker({ url });
const app = tidemark({ broker, log: quiet, limits: { ping: 2000 } }).channels({
  "log/:id": stream({ retain: { count: 100 }, dedupe: Number(dedupe) }),
});
const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
process.on("disconnect", () => process.exit());
process.send(port);
