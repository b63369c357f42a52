/** A process that owns rooms, and nothing else: one of those that `supervised.ts` looks after. */
import { createServer } from "node:http";
import { defaultLogger } from "tidemark";
import { realRandom } from "tidemark/protocol";
import { RoomMail } from "../../../src/server/kinds/room/owner/mail.js";
import { Rooms } from "../../../src/server/kinds/room/owner/rooms.js";
import { watchRooms } from "../../../src/server/kinds/room/watch/watch-rooms.js";
import { serverClock } from "../../../src/server/real-clock.js";
import { defineWith, type Poison } from "./games.js";
import { openLogs, type Logs } from "./logs.js";

/** What it is told, in its environment. */
export interface WorkerTask {
  readonly logs: Logs;
  readonly poison: Poison;
  readonly at: number;
}

const { logs, poison, at } = JSON.parse(process.env["TASK"] ?? "") as WorkerTask;
const broker = await openLogs(logs);
const log = { ...defaultLogger, warn: () => {} };
const clock = serverClock;
const mail = new RoomMail({ broker, clock, onError: () => {} });
const watch = watchRooms({ broker, log, stall: 2000 });
const rooms = new Rooms({
  broker,
  clock,
  mail,
  log,
  random: realRandom,
  define: defineWith(poison, at),
  ...watch,
});
const server = createServer().listen(0, "127.0.0.1");
process.once("SIGTERM", () => {
  watch.close();
  rooms.close();
  mail.close();
  server.close();
  void broker.close().then(() => process.exit(0));
});
