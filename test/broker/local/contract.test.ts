import { describe, it } from "vitest";
import type { Broker } from "../../../src/broker/index.js";
import { createLocalHub, localWorker } from "../../../src/broker/local/index.js";
import { VirtualClock, brokerContract, seededRandom } from "../../../src/testing/index.js";
import { delay, freshFolder, removeFolder, rowsOf } from "./support/folders.js";

brokerContract(
  "local, in one process",
  async () => {
    const dir = freshFolder();
    const clock = new VirtualClock();
    const hub = createLocalHub({ dir, clock, random: seededRandom(1) });
    return {
      connect: async () => hub.broker(),
      async settle() {
        await hub.idle();
        await clock.settle();
      },
      elapse: (ms) => clock.advance(ms),
      async size() {
        await hub.idle();
        return rowsOf(dir);
      },
      async close() {
        await hub.close();
        removeFolder(dir);
      },
    };
  },
  { describe, it },
);

// Over the socket time is real, so the rules run side by side.
brokerContract(
  "local, nodes over the socket",
  async () => {
    const dir = freshFolder();
    const hub = createLocalHub({ dir });
    await hub.listen();
    const nodes: Broker[] = [];
    return {
      async connect() {
        const node = await localWorker({ dir });
        nodes.push(node);
        return node;
      },
      elapse: delay,
      async size() {
        await hub.idle();
        return rowsOf(dir);
      },
      async close() {
        for (const node of nodes) await node.close();
        await hub.close();
        removeFolder(dir);
      },
    };
  },
  { describe, it: it.concurrent },
);
