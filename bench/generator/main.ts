/** A process that makes load. What it can do are the functions at the end. */
import { expose } from "../lib/remote.js";
import { usage } from "../lib/usage.js";
import { ClosedLoop, type ClosedLoopOptions } from "./closed-loop.js";

/** What the members of this process have seen since the beginning. */
export interface Reading {
  /** Microseconds on the clock of this machine. */
  readonly at: number;
  readonly deliveries: number;
}

let loop: ClosedLoop | undefined;

function onLost(reason: string): never {
  throw new Error(`a connection was lost: ${reason}`);
}

const functions = {
  usage,
  async closedLoop(options: Omit<ClosedLoopOptions, "onLost">): Promise<void> {
    loop = await ClosedLoop.prepare({ ...options, onLost });
    loop.run();
  },
  reading: (): Reading => ({ at: performance.now() * 1000, deliveries: loop?.deliveries ?? 0 }),
  async stopLoop(): Promise<void> {
    await loop?.stop();
    loop?.leave();
    loop = undefined;
  },
};
export type Generator = typeof functions;

expose(functions);
