// Two workers of one machine with the app of the transport contract, on one port and one log on disk, which are given
// up for the next ones when they are told to. Started by workers.ts, which says what they are to do.
import cluster from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:http";
import { createLocalHub, localWorker } from "tidemark/broker/local";
import { contractApp } from "tidemark/testing";

if (cluster.isPrimary) await startWorkers();
else work();

async function startWorkers() {
  // Connections in turn, not to whoever is free first.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ serialization: "advanced" });
  let hub;
  const orders = {
    async open(dir) {
      hub = createLocalHub({ dir, sync: "none" });
      await hub.listen();
    },
    end: () => hub.close(),
  };
  const workers = [cluster.fork(), cluster.fork()];
  await Promise.all(workers.map((worker) => once(worker, "message")));
  for (const worker of workers) {
    worker.on("message", (said) => process.send(said));
    worker.on("exit", () => process.exit(1));
  }
  process.on("message", ({ to, ...order }) => {
    if (to === "hub") void obey(orders, order);
    else workers[to].send(order);
  });
  process.send({ ready: true });
}

function work() {
  const log = {
    info() {},
    warn() {},
    error: (fields, message) => process.send({ logged: `${message} ${JSON.stringify(fields)}` }),
  };
  let broker, app, server;
  const orders = {
    async open(dir, options) {
      broker = await localWorker({ dir });
      app = contractApp(broker, { ...options, log });
      server = createServer((_request, response) => response.writeHead(503).end());
      app.attach(server);
      // The workers' first servers share a port, and so do their second ones, and so on.
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server.address().port;
    },
    async end() {
      server.close();
      server.closeAllConnections();
      await app.close();
      await broker.close();
    },
    publishTo: (...args) => app.publishTo(...args),
    disconnect: (...args) => app.disconnect(...args),
    close: () => app.close(),
  };
  process.on("message", (order) => void obey(orders, order));
  process.send({ ready: true });
}

async function obey(orders, { id, method, args }) {
  try {
    process.send({ id, result: await orders[method](...args) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
}
