import { afterAll, beforeAll, expect, test } from "vitest";
import { Remote } from "../../bench/lib/remote.js";
import type { SoakServer } from "../../bench/soak/server.js";
import { Stage } from "../../bench/soak/stage.js";

const BUILT = new URL("../../build/bench/soak/", import.meta.url).href;
const MESSAGE = 4000;
const LOG = 4 * 2 ** 20;
let server: Remote<SoakServer>;

beforeAll(async () => {
  server = await Remote.start<SoakServer>("server.js", BUILT, { execArgv: ["--expose-gc"] });
});

afterAll(async () => {
  await server.stop();
});

test("a subscriber that stops reading costs the server little, and gets what is left and a gap when it reads on", async () => {
  const port = await server.call("listen");
  const stage = await Stage.set({ port, readers: 2, payload: MESSAGE, rate: 4000 }, true);
  await stage.publish(Math.ceil((2 * LOG) / MESSAGE));
  const before = await server.call("settledRss");
  stage.stopReading();
  await stage.publish(20e6 / MESSAGE);
  const growth = (await server.call("settledRss")) - before;
  const { problems, gaps, after } = await stage.readOn();
  stage.leave();
  expect(problems).toEqual([]);
  expect(gaps).toBeGreaterThan(0);
  // As much as is kept.
  expect(after).toBeGreaterThan((0.9 * LOG) / (MESSAGE + 20));
  expect(growth).toBeLessThan(32 * 2 ** 20);
});
