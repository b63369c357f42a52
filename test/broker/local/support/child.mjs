// One process on a directory, for tests that kill it: node child.mjs writer|worker DIR [sync]. It says "ready", and
// then answers each line of standard input, a JSON array of a task and its arguments, with lines of its own.
import { createInterface } from "node:readline";
import { createLocalHub, localWorker } from "tidemark/broker/local";

const [role, dir, sync = "disk"] = process.argv.slice(2);
const KEEP = { keeping: { by: "entries", retain: { count: 100_000 } }, dedupe: 60_000 };
const say = (...words) => process.stdout.write(`${words.join(" ")}\n`);

let node;
if (role === "writer") {
  const hub = createLocalHub({ dir, sync });
  await hub.listen();
  node = hub.broker();
} else node = await localWorker({ dir });

let sequence = 0;
const tasks = {
  /** Appends for ever, a few at a time, and says what is acknowledged. */
  async append(channel, scope) {
    for (;;) {
      const batch = Array.from({ length: 3 }, () => ({
        data: `"${scope} ${++sequence}"`,
        key: { scope, id: sequence, print: 0 },
      }));
      const outcomes = await node.append(channel, batch, KEEP);
      for (const [i, { offset }] of outcomes.entries()) say("acked", offset, batch[i].data);
    }
  },
  /** Changes slots for ever, three at a time of twenty, and says what it is about to do and what is acknowledged. */
  async change(channel, scope) {
    const most = { count: 1000, bytes: 1e6 };
    const options = { keeping: { by: "slots", most, graves: { count: 5 } }, dedupe: 60_000 };
    for (;;) {
      sequence += 1;
      const changes = [0, 1, 2].map((i) => ({
        slot: `slot ${(sequence * 7 + i * 3) % 20}`,
        data: sequence % 5 === 0 ? undefined : JSON.stringify(`${scope} ${sequence} ${i}`),
      }));
      say("sent", `${scope}-${sequence}`, JSON.stringify(changes));
      const key = { scope, id: sequence, print: 0 };
      const [outcome] = await node.change(channel, [{ key, changes }], options);
      say("changed", `${scope}-${sequence}`, outcome.offset, outcome.same === true);
    }
  },
  /** Takes the reign of a log by slots, and says its token. */
  async reign(channel, name, ttl) {
    const keeping = { by: "slots", most: { count: 1000, bytes: 1e6 }, graves: {} };
    const request = { ttl, secret: `secret of ${name}`, note: `note of ${name}` };
    const { token } = await node.reign(channel, request, { keeping, dedupe: 60_000, fenced: true });
    say("reigns", token);
  },
  async join(channel, ...ids) {
    for (const id of ids) await node.join(channel, { id }, "1");
    say("joined");
  },
  /** Reads at every hint: what it tells of must be there already. */
  async chase(channel, count) {
    let [heard, stale] = [0, 0];
    await node.follow(channel, {
      onEntries({ entries }) {
        const { offset } = entries.at(-1);
        void node.read(channel, { after: entries[0].prev, limit: 1000, bytes: 1e6 }, KEEP).then((page) => {
          if (page.head < offset || page.entries[0]?.offset !== entries[0].offset) stale += 1;
          heard += entries.length;
          if (heard >= count) say("chased", heard, stale);
        });
      },
      onSignals() {},
      onPresence() {},
      onReset() {},
    });
    say("following");
  },
};

say("ready", process.pid);
for await (const line of createInterface(process.stdin)) {
  const [task, ...args] = JSON.parse(line);
  void tasks[task](...args).catch((error) => say("error", error.code, error.message));
}
