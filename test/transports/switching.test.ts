import { expect, onTestFinished, test } from "vitest";
import { stream, tidemark } from "tidemark";
import { switching, switchingFaults } from "../../bench/soak/switching.js";

test("H14: a client whose transport changes four times a second has every message once, in order", async () => {
  const app = tidemark().channels({ "soak/:id": stream({ retain: { count: 100_000 } }) });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  const result = await switching({ port, rate: 100, seconds: 4, every: 0.25 });
  expect(switchingFaults(result)).toEqual([]);
  // Otherwise nothing was shown. On a busy machine fewer are published in the time that there is.
  expect(result.logged).toBeGreaterThan(300);
  for (const count of Object.values(result.connections)) expect(count).toBeGreaterThan(2);
});
