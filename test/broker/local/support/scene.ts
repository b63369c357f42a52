/** What the tests of one file use and leave behind: all of it ends after each test, the last one first. */
import { afterEach } from "vitest";
import type { Broker } from "../../../../src/broker/index.js";
import {
  createLocalHub,
  localWorker,
  type LocalHub,
  type LocalOptions,
} from "../../../../src/broker/local/index.js";
import { Child } from "./child.js";
import { freshFolder, removeFolder } from "./folders.js";

/** What is to be done after the test. */
export const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

export function folder(): string {
  const dir = freshFolder();
  cleanUp.push(() => removeFolder(dir));
  return dir;
}

export function open(options: LocalOptions): { hub: LocalHub; node: Broker } {
  const hub = createLocalHub(options);
  cleanUp.push(() => hub.close());
  return { hub, node: hub.broker() };
}

/** A node of a folder's writer; `timeout` of its calls, in milliseconds. */
export async function worker(dir: string, timeout?: number): Promise<Broker> {
  const node = await localWorker({ dir, ...(timeout !== undefined && { timeout }) });
  cleanUp.push(() => node.close());
  return node;
}

/** A process of its own. */
export async function start(role: "writer" | "worker", dir: string, sync?: string): Promise<Child> {
  const child = await Child.start(role, dir, sync);
  cleanUp.push(() => child.kill());
  return child;
}
