/** A load balancer that restarts: all connections through it end in one moment. A process of its own. */
import { expose } from "../lib/remote.js";
import { CuttableProxy, type ProxiedConnection } from "./cuttable-proxy.js";

const open = new Set<ProxiedConnection>();

const functions = {
  listen: async (port: number) =>
    (await CuttableProxy.start(port, (connection) => void open.add(connection))).port,
  /** How many were cut. */
  cut: () => {
    const count = open.size;
    for (const connection of open) connection.cut();
    open.clear();
    return count;
  },
};
export type StormGate = typeof functions;

expose(functions);
