/** What goes wrong with nodes, with the broker, and with the ways between them. */
import type { BrokerSite } from "./broker-site.js";
import type { SimBroker } from "./broker.js";
import type { BrokerTrouble } from "./broker-troubles.js";
import type { Fault } from "./fault.js";
import type { SimProcess } from "./process.js";
import type { Step } from "./step.js";

/** A node that can be stopped and started. Without a process it is not there just now. */
export interface TroubledNode {
  readonly process: SimProcess | undefined;
  readonly broker: SimBroker | undefined;
  start(): void;
  /** Ends it without a word. With `silently` not even its kernel tells the peers. */
  crash(silently: boolean): void;
  /** Stops it in good order; `stopped` is called when nothing of it is left. */
  drain(grace: number, stopped: () => void): void;
}

/** A world with nodes and a broker. */
export interface TroubledWorld {
  readonly site: BrokerSite;
  readonly nodes: readonly TroubledNode[];
  node(step: Pick<Step, "who">): TroubledNode;
  /** Runs `run` in `ms` milliseconds. */
  later(ms: number, run: () => void): void;
  /** Ends something in `ms` milliseconds, or earlier when the faults are over. */
  until(ms: number, end: () => void): void;
}

const YEAR_MS = 365 * 86_400_000;
/** How far the clocks of two brokers are apart at most, half of it either way, in milliseconds. */
const CLOCKS_APART_MS = 10_000;

/** A minute forward or back, at most. */
export function jump({ size }: Step): number {
  return Math.round((size - 0.5) * 120_000);
}

/** A condition of one node's way to the broker. */
export function broker(
  kind: BrokerTrouble,
  weight: number,
  longest: number,
  strength: (step: Step) => number,
): Fault<TroubledWorld> {
  return {
    weight,
    longest,
    run(world, step) {
      const trouble = world.node(step).broker?.trouble;
      if (trouble !== undefined) world.until(step.ms, trouble.begin(kind, strength(step)));
    },
  };
}

export const NODE_FAULTS = {
  pauseNode: {
    weight: 2,
    longest: 15_000,
    run(world, step) {
      const process = world.node(step).process;
      process?.pause();
      world.until(step.ms, () => process?.resume());
    },
  },
  crashNode: {
    weight: 2,
    longest: 12_000,
    run(world, step) {
      const node = world.node(step);
      node.crash(step.size < 0.3);
      world.until(step.ms, () => node.start());
    },
  },
  drainNode: {
    weight: 2,
    longest: 5000,
    run(world, step) {
      const node = world.node(step);
      node.drain(step.size * 6000, () => world.until(step.ms, () => node.start()));
    },
  },
  /** A deployment: one node after the other is drained and started again. */
  rollingRestart: {
    weight: 0.7,
    longest: 1500,
    run(world, step) {
      const next = (i: number): void => {
        const node = world.nodes[i];
        node?.drain(500 + step.size * 4000, () =>
          world.later(step.ms + 200, () => {
            node.start();
            next(i + 1);
          }),
        );
      };
      next(0);
    },
  },
  jumpNodeClock: {
    weight: 1,
    longest: 0,
    run: (world, step) => world.node(step).process?.jump(jump(step)),
  },
  jumpBrokerClock: { weight: 1, longest: 0, run: (world, step) => world.site.brokerClock.jump(jump(step)) },
  dropHints: broker("dropHints", 3, 15_000, ({ size }) => size),
  repeatHints: broker("repeatHints", 2, 10_000, ({ size }) => size),
  lateHints: broker("lateHints", 3, 15_000, ({ size }) => size * 2000),
  loseRequests: broker("loseRequests", 1, 6000, ({ size }) => size * 0.7),
  loseAnswers: broker("loseAnswers", 3, 8000, ({ size }) => size * 0.8),
  slowAnswers: broker("slowAnswers", 2, 8000, ({ size }) => size * 2500),
  /** One node loses the broker for a while; its followers are reset when it is back. */
  cutFollower: {
    weight: 2,
    longest: 8000,
    run(world, step) {
      const way = world.node(step).broker;
      if (way === undefined) return;
      const end = way.trouble.begin("cut", 1);
      world.until(step.ms, () => {
        end();
        way.resetAll();
      });
    },
  },
  outage: {
    weight: 1,
    longest: 8000,
    run(world, step) {
      const end = world.site.outage();
      world.until(step.ms, () => {
        end();
        for (const node of world.nodes) node.broker?.resetAll();
      });
    },
  },
  /** So long that publishers give up. */
  longOutage: {
    weight: 0.3,
    longest: 20_000,
    run(world, step) {
      const end = world.site.outage();
      world.until(25_000 + step.ms, () => {
        end();
        for (const node of world.nodes) node.broker?.resetAll();
      });
    },
  },
  /** The broker fails over to a replica that stopped following it `ms` ago: another machine, with a clock of its own. */
  failover: {
    weight: 1,
    longest: 6000,
    run(world, step) {
      const takeOver = world.site.replicate();
      world.until(step.ms, () => {
        world.site.brokerClock.jump(Math.round((step.size - 0.5) * CLOCKS_APART_MS));
        takeOver();
      });
    },
  },
  /** The writer is stopped, its folder is put back as it was `ms` before, and it is started again. */
  earlierFolder: {
    weight: 0.7,
    longest: 6000,
    run(world, step) {
      const putBack = world.site.backUp();
      world.until(step.ms, () => {
        const end = world.site.outage();
        putBack();
        world.until(50 + step.size * 2000, () => {
          end();
          for (const node of world.nodes) node.broker?.resetAll();
        });
      });
    },
  },
  /** The broker's disk is full: it takes nothing, and what is there is read. */
  fullDisk: {
    weight: 1,
    longest: 8000,
    run: (world, step) => world.until(step.ms, world.site.fillDisk()),
  },
  /** The broker's clock is beyond the end of offsets for a while. */
  endOfOffsets: {
    weight: 0.5,
    longest: 5000,
    run(world, step) {
      const { brokerClock } = world.site;
      const ahead = Math.round((70 + 100 * step.size) * YEAR_MS);
      brokerClock.jump(ahead);
      world.until(step.ms, () => brokerClock.jump(-ahead));
    },
  },
  /** The broker comes back with nothing. */
  restartEmpty: { weight: 0.3, longest: 0, run: (world) => world.site.failOver() },
} satisfies Record<string, Fault<TroubledWorld>>;
