/**
 * npm run soak:switch -- --seconds 60 --rate 100 --every 1
 *
 * Ends with code 1 when a message was lost, doubled or misplaced.
 */
import { Remote } from "../lib/remote.js";
import { numberOptions } from "../lib/options.js";
import type { SoakServer } from "./server.js";
import { switching, switchingFaults } from "./switching.js";

const options = numberOptions({ seconds: 60, rate: 100, every: 1 });
console.log(
  `Switching: a client whose transport changes every ${options.every} s, ${options.rate} messages a second for ${options.seconds} s`,
);
const server = await Remote.start<SoakServer>("server.js", import.meta.url);
const port = await server.call("listen");
const result = await switching({ ...options, port });
await server.stop();

const { faults, connections } = result;
const rows: readonly (readonly [string, number])[] = [
  ["messages published", result.published],
  ["  in the log", result.logged],
  ["connections: websocket", connections.websocket],
  ["  stream", connections.stream],
  ["  poll", connections.poll],
  ["duplicates", faults.duplicates],
  ["lost", faults.lost],
  ["out of order", faults.misplaced + result.outOfTurn],
  ["gaps", result.gaps],
];
for (const [name, value] of rows) console.log(`${name.padEnd(24)}${value}`);
const problems = switchingFaults(result);
for (const problem of problems) console.error(`VIOLATION: ${problem}`);
if (problems.length === 0) console.log("It has every message once, in order.");
process.exitCode = problems.length === 0 ? 0 : 1;
