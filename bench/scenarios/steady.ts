/** Messages at a steady rate, in three shapes of audience. */
import type { TrafficSpec } from "tidemark/load";
import { measure } from "../measure.js";
import { WARM_UP, interleave, type Scenario } from "../scenario.js";

/** Connections that only publish. */
const PUBLISHERS = 4;
const PAYLOAD = 64;

interface Shape {
  readonly id: string;
  readonly title: string;
  readonly about: (quick: boolean) => string;
  /** Of a full run; a quick one has one. */
  readonly rounds: number;
  readonly spec: (quick: boolean) => TrafficSpec;
}

function steady({ id, title, about, rounds, spec }: Shape): Scenario {
  return {
    id,
    title,
    about,
    run: async (context) => {
      const { quick, generator } = context;
      const durations = quick ? { warmUp: 1.2, seconds: 1 } : { warmUp: 3, seconds: 4 };
      const medians = await interleave(
        context,
        { title, rounds: quick ? 1 : rounds, warmUp: WARM_UP },
        async (contender) => ({
          ...(await measure(contender, generator, spec(quick), durations)),
        }),
      );
      return {
        drawn: "latency, p99",
        rows: [
          medians.row("latency, p50", "p50", "ms"),
          medians.row("latency, p99", "p99", "ms"),
          medians.row("latency, p99.9", "p999", "ms"),
          medians.row("server CPU per delivery", "cost", "µs"),
          medians.row("server load, of one core", "load", "%", 100),
        ],
      };
    },
  };
}

const repeat = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => one(i));

export const largeChannel = steady({
  id: "large-channel",
  title: "A large channel",
  about: (quick) =>
    `One channel with ${quick ? "2,000" : "10,000"} subscribers, 20 messages a second of ${PAYLOAD} bytes. Latency is from the moment at which a ` +
    "message was to be published, to each subscriber: the last of so many waits for the writes to all others.",
  // More than one core can do with any of the servers takes long to end.
  rounds: 1,
  spec: (quick) => ({
    job: "traffic",
    members: repeat(quick ? 2000 : 10_000, () => ["bench/large"]),
    speakers: PUBLISHERS,
    rate: 20,
    payload: PAYLOAD,
  }),
});

export const manyChannels = steady({
  id: "many-channels",
  title: "Many channels",
  about: () =>
    `1,000 channels with 10 subscribers each; 2,000 connections, each in 5 channels. 2,000 messages a second over all channels.`,
  rounds: 2,
  spec: () => ({
    job: "traffic",
    members: repeat(2000, (i) => repeat(5, (j) => `bench/many-${(i * 5 + j) % 1000}`)),
    speakers: PUBLISHERS,
    rate: 2000,
    payload: PAYLOAD,
  }),
});

export const chat = steady({
  id: "chat",
  title: "Chat",
  about: (quick) =>
    `${quick ? 20 : 200} rooms of 50 people, in which everybody talks: ${quick ? 200 : 1000} messages a second in all, each published by a member of the room.`,
  rounds: 2,
  spec: (quick) => ({
    job: "traffic",
    members: repeat(quick ? 1000 : 10_000, (i) => [`bench/room-${Math.floor(i / 50)}`]),
    speakers: "members",
    rate: quick ? 200 : 1000,
    payload: PAYLOAD,
  }),
});
