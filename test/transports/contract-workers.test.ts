import { afterAll, beforeAll } from "vitest";
import { contractOnEachWay } from "./support/ways.js";
import { Workers } from "./support/workers.js";

let workers: Workers;
beforeAll(async () => {
  workers = await Workers.start();
});
afterAll(() => workers.stop());

contractOnEachWay("two workers", async (way) => workers.harness(way));
