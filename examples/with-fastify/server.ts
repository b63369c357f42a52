/** Tidemark beside Fastify: `attach` takes its own paths, everything else goes to Fastify. */
import { fastify } from "fastify";
import { stream, tidemark } from "tidemark";

const web = fastify();

const chat = tidemark().channels({ "chat/:id": stream({ retain: { count: 100 } }) });
chat.attach(web.server);
web.addHook("onClose", () => chat.close());

web.get("/hello", () => "hello from Fastify");

// A route that tells everybody on a channel.
web.post("/announce", (request) => chat.publish("chat/:id", { id: "general" }, request.body));

// With a host of its own: for "localhost" Fastify would open a second server, which nothing is attached to.
const url = await web.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" });
console.log(`listening at ${url}`);
