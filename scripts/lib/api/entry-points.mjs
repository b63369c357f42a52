// The entry points of the package, by package.json, with what docs/api.md says of each.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../run.mjs";
import { exportsOf } from "./declarations.mjs";

const ABOUT = {
  tidemark: "The server. Begin with [the first channel](guide/first-channel.md).",
  "tidemark/client":
    "The client, for browsers and Node. [History](guide/history.md), [your own messages](guide/own-messages.md) and " +
    "[errors](guide/errors.md) have pages of their own.",
  "tidemark/react": "Hooks over the client; see [the guide](guide/react.md).",
  "tidemark/testing":
    "For tests of your own channels, see [the guide](guide/testing.md); for brokers and transports of your own: the contract " +
    "suites, the simulation and the checker of histories.",
  "tidemark/load":
    "The load generator of [`tidemark bench`](guide/command-line.md) and of [the benchmarks](benchmarks.md), for loads of your own.",
  "tidemark/broker":
    "The contract between the server and whatever keeps its logs, and the broker in memory. [scaling.md](scaling.md) says which to take.",
  "tidemark/broker/redis": "Logs in Redis, for servers on many machines. Needs the package `ioredis`.",
  "tidemark/broker/local":
    "Logs on this machine's disk, for one process or several. Needs the package `lmdb`.",
  "tidemark/protocol":
    "The wire, as [protocol.md](protocol.md) describes it: for clients and tools of your own.",
};

/** Each entry point with its exports, in the order in which docs/api.md has them. */
export function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = Object.entries(exports).flatMap(([path, { types }]) =>
    types === undefined ? [] : [{ name: path.replace(/^\./, "tidemark"), types }],
  );
  const unknown = names.find(({ name }) => ABOUT[name] === undefined);
  if (unknown !== undefined)
    throw new Error(`scripts/lib/api/entry-points.mjs says nothing about ${unknown.name}`);
  return Object.entries(ABOUT).map(([name, about]) => {
    const entry = names.find((each) => each.name === name);
    if (entry === undefined) throw new Error(`package.json has no entry point ${name}`);
    return { name, about, exports: exportsOf(join(root, entry.types)) };
  });
}
