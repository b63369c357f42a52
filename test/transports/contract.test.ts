import { describe, it } from "vitest";
import { transportContract } from "tidemark/testing";
import type { TransportName } from "tidemark/client";
import { harness } from "./support/servers.js";

for (const transport of ["websocket", "stream", "poll"] satisfies TransportName[]) {
  transportContract(`${transport}, one node`, () => harness(transport, 1), { describe, it });
  transportContract(`${transport}, two nodes in turn`, () => harness(transport, 2), { describe, it });
}
