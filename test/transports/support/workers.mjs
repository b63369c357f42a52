// Two workers of one machine with the app of the transport contract, on one port and one log on disk. Started by
// workers.ts, which says what the apps are to do.
import cluster from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:http";
import { createLocalHub, localWorker } from "tidemark/broker/local";
import { contractApp } from "tidemark/testing";

const [dir, options] = process.argv.slice(2);

if (cluster.isPrimary) await startWorkers();
else await work();

async function startWorkers() {
  const hub = createLocalHub({ dir, sync: "none" });
  await hub.listen();
  // Connections in turn, not to whoever is free first.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const workers = [cluster.fork(), cluster.fork()];
  const ports = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0].port));
  for (const worker of workers) worker.on("message", (answer) => process.send(answer));
  process.on("message", ({ worker, ...order }) => workers[worker].send(order));
  process.send({ port: ports[0] });
}

async function work() {
  const log = {
    info() {},
    warn() {},
    error(fields, message) {
      console.error(message, fields);
      process.exit(1);
    },
  };
  const app = contractApp(await localWorker({ dir }), { ...JSON.parse(options), log });
  const server = createServer((_request, response) => response.writeHead(503).end());
  app.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const answer = async (method, args) => {
    try {
      return { result: await app[method](...args) };
    } catch (error) {
      return { error: String(error) };
    }
  };
  process.on("message", ({ id, method, args }) => {
    void answer(method, args).then((said) => process.send({ id, ...said }));
  });
  process.send({ port: server.address().port });
}
