// A process that is in a step of a room, and watched: how it stands still there, and for how long a step may, are its arguments.
import { writeSync } from "node:fs";
import { Watchdog } from "../../../../dist/server/kinds/room/watch/watchdog.js";
import { serverClock } from "../../../../dist/server/real-clock.js";
import { watchedOf } from "../../../../dist/server/kinds/room/watch/steps.js";

const [how, stall] = process.argv.slice(2);
const log = { info() {}, warn: console.error, error: console.error };
const watchdog = new Watchdog({
  stall: Number(stall),
  entry: undefined,
  folder: process.env.FOLDER,
  isAlwaysClose: false,
  log,
  clock: serverClock,
});
const held = { token: "token", secret: "secret", note: "", ttl: 3000 };
const watched = watchedOf({ room: "arena/1", reign: "aaaaaaaa", owner: "a", held });
// What has been looked at once by then: whether there is a debugger.
await new Promise((resolve) => setTimeout(resolve, 300));
watchdog.marks.begin(watched, 500, "step");
watchdog.marks.at("tick");
writeSync(1, "in\n");
if (how === "loops") standStill();
if (how === "waits") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
// So many times as long as it may, in time that it is given a processor.
const from = process.cpuUsage().user;
while (process.cpuUsage().user - from < Number(how) * stall * 1000);
watchdog.marks.end();
watchdog.close();
writeSync(1, "done\n");

function standStill() {
  for (;;);
}
