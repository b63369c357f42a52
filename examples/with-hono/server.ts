/** Tidemark beside Hono on Node: `attach` takes its own paths, everything else goes to Hono. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { stream, tidemark } from "tidemark";

const web = new Hono();
const listener = getRequestListener(web.fetch);
const server = createServer((request, response) => void listener(request, response));

const chat = tidemark().channels({ "chat/:id": stream({ retain: { count: 100 } }) });
chat.attach(server);

web.get("/hello", (context) => context.text("hello from Hono"));

// A route that tells everybody on a channel.
web.post("/announce", async (context) => {
  return context.json(await chat.publish("chat/:id", { id: "general" }, await context.req.json()));
});

server.listen(Number(process.env["PORT"] ?? 3000), () => {
  console.log(`listening at http://localhost:${(server.address() as AddressInfo).port}`);
});
