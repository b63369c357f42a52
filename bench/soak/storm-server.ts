/** The server of a storm: with the limits that it has unless told otherwise. */
import { stream, tidemark } from "tidemark";
import { serve } from "../servers/serve.js";

const app = tidemark().channels({ "bench/:id": stream({ retain: { count: 1000 } }) });
serve(async ({ port }) => (await app.listen({ port, host: "127.0.0.1" })).port);
