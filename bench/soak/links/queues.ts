/** What the system holds of connections: sent and not acknowledged by the other end, come and not read. Linux only. */
import { readFileSync } from "node:fs";

const ESTABLISHED = "01";

/** Bytes of all connections that have this port at either end, in both directions and at both ends. */
export function queuedBytes(port: number): number {
  return queuedIn(readFileSync("/proc/net/tcp", "utf8"), port);
}

/** @param table as /proc/net/tcp has it */
export function queuedIn(table: string, port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let bytes = 0;
  for (const line of table.split("\n").slice(1)) {
    const [, local = "", remote = "", state, queues = ""] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED || !(local.endsWith(wanted) || remote.endsWith(wanted))) continue;
    const [sent = "0", come = "0"] = queues.split(":");
    bytes += Number.parseInt(sent, 16) + Number.parseInt(come, 16);
  }
  return bytes;
}
