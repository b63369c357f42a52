// One process that writes many directories: node many.mjs DIR... It says "ready", and then "done" after each line of
// standard input: open, append NAME (one entry to each log), close, end (of the process, as it is).
import { createInterface } from "node:readline";
import { createLocalHub } from "tidemark/broker/local";

const dirs = process.argv.slice(2);
const KEEP = { keeping: { by: "entries", retain: { count: 1000 } }, dedupe: 60_000 };
let hubs = [];
let sequence = 0;
const tasks = {
  open: () => void (hubs = dirs.map((dir) => createLocalHub({ dir }))),
  append: (text) => {
    const key = { scope: `${process.pid}`, id: ++sequence, print: 0 };
    return Promise.all(
      hubs.map((hub) => hub.broker().append("c", [{ data: JSON.stringify(text), key }], KEEP)),
    );
  },
  close: () => Promise.all(hubs.map((hub) => hub.close())),
  end: () => process.kill(process.pid, "SIGKILL"),
};
process.stdout.write("ready\n");
for await (const line of createInterface(process.stdin)) {
  const [task, ...words] = line.split(" ");
  await tasks[task](...words);
  process.stdout.write("done\n");
}
