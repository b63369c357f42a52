/** What goes wrong. Each fault begins at its step and ends by itself; at the end of a run all of them have. */
import type { Fault } from "./fault.js";
import { LARGE_FAULTS } from "./large-faults.js";
import { LATE_FAULTS } from "./late-faults.js";
import { NODE_FAULTS, jump } from "./node-faults.js";
import type { Step } from "./step.js";
import type { LineTrouble } from "./pipes.js";

/** A condition of one client's line. */
function line(kind: LineTrouble, weight: number, longest: number, strength: (step: Step) => number): Fault {
  return {
    weight,
    longest,
    run(world, step) {
      world.until(step.ms, world.client(step).line.trouble.begin(kind, strength(step)));
    },
  };
}

/** What goes wrong in a simulated run, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  ...LATE_FAULTS,
  ...LARGE_FAULTS,
  // Links.
  cut: { weight: 4, longest: 0, run: (world, step) => world.client(step).line.cut() },
  /** Both directions, or one, go silent for good; only heartbeats tell. Of several requests, all or the last one. */
  halfOpen: {
    weight: 2,
    longest: 100,
    run(world, step) {
      const ends = step.size < 0.5 ? "both" : step.size < 0.75 ? "up" : "down";
      world.client(step).line.lose(ends, step.ms % 2 === 0);
    },
  },
  slowLine: line("slow", 1, 8000, ({ size }) => size * 3000),
  narrowLine: line("narrow", 3, 20_000, ({ size }) => 0.05 + size * 0.9),
  /** Stops reading: the server's bytes pile up. */
  slowReader: line("narrow", 2, 15_000, () => 1),
  /** Everybody stops reading. */
  everybodySlow: {
    weight: 1,
    longest: 12_000,
    run(world, step) {
      for (const client of world.clients) world.until(step.ms, client.line.trouble.begin("narrow", 1));
    },
  },
  /** Cut again and again, in the middle of coming back. */
  flap: {
    weight: 2,
    longest: 3000,
    run(world, step) {
      const client = world.client(step);
      for (let i = 0; i < 6; i++) world.later((i * step.ms) / 6 + i * 7, () => client.line.cut());
    },
  },
  /** Everybody at once. */
  stampede: {
    weight: 1,
    longest: 0,
    run: (world) => world.clients.forEach((client) => client.line.cut()),
  },

  /** WebSockets do not get through for a while: refused, or swallowed. */
  noWebSocket: {
    weight: 1.5,
    longest: 40_000,
    run(world, step) {
      world.until(step.ms, world.client(step).line.blockWebSockets(0.01 + step.size * 0.99));
    },
  },

  // Processes.
  pauseNode: NODE_FAULTS.pauseNode,
  crashNode: NODE_FAULTS.crashNode,
  drainNode: NODE_FAULTS.drainNode,
  rollingRestart: NODE_FAULTS.rollingRestart,
  /** A laptop is shut and opened again. */
  sleepClient: {
    weight: 1,
    longest: 40_000,
    run(world, step) {
      const { process } = world.client(step);
      process.pause();
      world.until(step.ms, () => process.resume());
    },
  },
  jumpNodeClock: NODE_FAULTS.jumpNodeClock,
  jumpClientClock: {
    weight: 0.5,
    longest: 0,
    run: (world, step) => world.client(step).process.jump(jump(step)),
  },
  jumpBrokerClock: NODE_FAULTS.jumpBrokerClock,

  // The broker.
  dropHints: NODE_FAULTS.dropHints,
  repeatHints: NODE_FAULTS.repeatHints,
  lateHints: NODE_FAULTS.lateHints,
  loseRequests: NODE_FAULTS.loseRequests,
  loseAnswers: NODE_FAULTS.loseAnswers,
  slowAnswers: NODE_FAULTS.slowAnswers,
  cutFollower: NODE_FAULTS.cutFollower,
  outage: NODE_FAULTS.outage,
  longOutage: NODE_FAULTS.longOutage,
  failover: NODE_FAULTS.failover,
  earlierFolder: NODE_FAULTS.earlierFolder,
  fullDisk: NODE_FAULTS.fullDisk,
  endOfOffsets: NODE_FAULTS.endOfOffsets,
  restartEmpty: NODE_FAULTS.restartEmpty,
};
