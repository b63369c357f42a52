/**
 * Tidemark as its users run it: a log of 1,000 messages, offsets, resuming. Limits are off, since one client here
 * is the load of many.
 */
import { method, stream, tidemark } from "tidemark";
import { serve } from "./serve.js";

const app = tidemark({ limits: { commands: false } })
  .channels({ "bench/:name": stream({ retain: { count: 1000 } }) })
  .methods({ echo: method({ run: (input) => input }) });

serve(async (port) => (await app.listen({ port, host: "127.0.0.1" })).port);
