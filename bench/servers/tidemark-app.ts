/**
 * Tidemark as its users run it: a log of 1,000 messages, offsets, resuming. Limits are off, since one client here
 * is the load of many.
 */
import { method, stream, tidemark } from "tidemark";

export const app = tidemark({ limits: { commands: false, channels: false, connects: false, bytes: false } })
  .channels({ "bench/:name": stream({ retain: { count: 1000 } }) })
  .methods({ echo: method({ run: (input) => input }) });
