import { afterAll, beforeAll, expect, test } from "vitest";
import { Remote } from "../../bench/lib/remote.js";
import { soak, violations } from "../../bench/soak/run.js";
import type { SoakServer } from "../../bench/soak/server.js";

const BUILT = new URL("../../build/bench/soak/", import.meta.url).href;
const SEED = 20_240_607;
let server: Remote<SoakServer>;

beforeAll(async () => {
  server = await Remote.start<SoakServer>("server.js", BUILT);
});

afterAll(async () => {
  await server.stop();
});

test("clients that lose their connection again and again get every message once, in order", async () => {
  const port = await server.call("listen");
  const result = await soak({ port, clients: 25, rate: 50, seconds: 3, life: 1, seed: SEED });
  expect(violations(result), `seed ${SEED}`).toEqual([]);
  expect(result.acknowledged).toBe(150);
  expect(result.deliveries).toBe(150 * 25);
  // Otherwise nothing was shown.
  expect(result.cuts).toBeGreaterThan(25);
  expect(result.resumed).toBeGreaterThan(25);
});
