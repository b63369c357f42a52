/** Tidemark beside Express: `attach` takes its own paths, everything else goes to Express. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { stream, tidemark } from "tidemark";

const web = express().use(express.json());
const server = createServer(web);

const chat = tidemark().channels({ "chat/:id": stream({ retain: { count: 100 } }) });
chat.attach(server);

web.get("/hello", (_request, response) => {
  response.send("hello from Express");
});

// A route that tells everybody on a channel.
web.post("/announce", async (request, response) => {
  response.json(await chat.publish("chat/:id", { id: "general" }, request.body));
});

server.listen(Number(process.env["PORT"] ?? 3000), () => {
  console.log(`listening at http://localhost:${(server.address() as AddressInfo).port}`);
});
