// The entry points of the package, by package.json, with what docs/api says of each.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../run.mjs";
import { exportsOf } from "./declarations.mjs";

/** By name: the page, what the entry point is in a line of the index, and what its page says besides. */
const ABOUT = {
  tidemark: {
    page: "server.md",
    what: "The server.",
    more: "Begin with [the first channel](../guide/first-channel.md).",
  },
  "tidemark/client": {
    page: "client.md",
    what: "The client, for browsers and Node.",
    more:
      "[History](../guide/history.md), [your own messages](../guide/own-messages.md) and [errors](../guide/errors.md) have " +
      "pages of their own.",
  },
  "tidemark/state": {
    page: "state.md",
    what: "Channels of keys and values, over the client.",
    more: "See [the guide](../guide/state.md).",
  },
  "tidemark/room": {
    page: "room.md",
    what: "What both sides of a room know: its shape, its columns, and steps that they share.",
    more: "See [the specification](../spec.md#rooms-r).",
  },
  "tidemark/room/client": {
    page: "room-client.md",
    what: "Rooms, over the client: to play in them, to watch them, and the parts that this is made of.",
    more: "See [the guide](../guide/playing.md).",
  },
  "tidemark/react": {
    page: "react.md",
    what: "Hooks over the client.",
    more: "See [the guide](../guide/react.md).",
  },
  "tidemark/react/state": {
    page: "react-state.md",
    what: "Hooks on channels of keys and values.",
    more: "See [the guide](../guide/react.md#state).",
  },
  "tidemark/workers": {
    page: "workers.md",
    what: "Several processes of one server on a machine, and what becomes of rooms that end them.",
    more: "See [deploying](../guide/deploying.md#rooms-that-end-their-process).",
  },
  "tidemark/react/room": {
    page: "react-room.md",
    what: "Hooks on rooms.",
    more: "See [the guide](../guide/playing.md#in-react).",
  },
  "tidemark/testing": {
    page: "testing.md",
    what:
      "For tests of your own channels; for brokers and transports of your own: the contract suites, the simulation and the " +
      "checker of histories.",
    more: "See [the guide](../guide/testing.md).",
  },
  "tidemark/load": {
    page: "load.md",
    what: "The load generator of `tidemark bench` and of the benchmarks, for loads of your own.",
    more: "See [the command line](../guide/command-line.md) and [the benchmarks](../benchmarks.md).",
  },
  "tidemark/broker": {
    page: "broker.md",
    what: "The contract between the server and whatever keeps its logs, and the broker in memory.",
    more: "[scaling.md](../scaling.md) says which broker to take.",
  },
  "tidemark/broker/redis": {
    page: "broker-redis.md",
    what: "Logs in Redis, for servers on many machines.",
    more: "Needs the package `ioredis`.",
  },
  "tidemark/broker/local": {
    page: "broker-local.md",
    what: "Logs on this machine's disk, for one process or several.",
    more: "Needs the package `lmdb`.",
  },
  "tidemark/protocol": {
    page: "protocol.md",
    what: "The wire: for clients and tools of your own.",
    more: "[protocol.md](../protocol.md) describes it.",
  },
};

/** Each entry point with its exports, in the order in which docs/api has them. */
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
    return { name, ...about, exports: exportsOf(join(root, entry.types)) };
  });
}
