/** A queue of tasks, by itself. */
import { describe, expect, it } from "vitest";
import { TaskQueue } from "../../src/server/connection/publish/task-queue.js";
import { VirtualClock } from "../../src/testing/index.js";
import { deferred } from "./support/serve.js";
import { raise } from "./support/raise.js";

describe("a queue", () => {
  it("S3: does at once what can be done at once, and everything in order", async () => {
    const idle: number[] = [];
    const order: number[] = [];
    const queue = new TaskQueue({ queueIdle: () => void idle.push(order.length), taskFailed: raise });
    queue.run(() => void order.push(1));
    expect([order, queue.busy]).toEqual([[1], false]);
    const slow = deferred();
    queue.run(async () => {
      await slow.promise;
      order.push(2);
    });
    queue.run(() => void order.push(3));
    expect([order, queue.busy]).toEqual([[1], true]);
    slow.resolve();
    await new VirtualClock().settle();
    expect([order, queue.busy, idle]).toEqual([[1, 2, 3], false, [3]]);
  });
});
