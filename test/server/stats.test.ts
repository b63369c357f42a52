import { silentLogger, stream, tidemark } from "tidemark";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";

test("A81: stats count the channels that somebody is subscribed to now, and no others", async () => {
  const app = tidemark({ log: silentLogger }).channels({ "room/:n": stream({ retain: { count: 5 } }) });
  const server = testApp(app);
  onTestFinished(() => server.close());
  const rt = server.connect();
  const other = server.connect();
  const handles = Array.from({ length: 20 }, (_, n) => rt.stream("room/:n", { n: String(n) }));
  const shared = other.stream("room/:n", { n: "0" });
  await Promise.all([...handles, shared].map(({ ready }) => ready));
  expect(app.stats).toMatchObject({ connections: 2, channels: 20 });
  for (const handle of handles) handle.close();
  await server.settle();
  expect(app.stats.channels).toBe(1);
  shared.close();
  await server.settle();
  expect(app.stats.channels).toBe(0);
});
