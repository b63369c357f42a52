/** What one peer can do in a turn of the event loop. */
import { expect, it } from "vitest";
import { stream, tidemark } from "../../src/server/index.js";
import { connect } from "./support/client.js";
import { quiet, serve } from "./support/serve.js";

it("F6, G6: a burst of one publisher is not read in one go; subscribers get it as it comes", async () => {
  // Read in a row, the burst would push its own beginning out of a log as short as this.
  const app = tidemark({ ...quiet, limits: { commands: false } }).channels({
    "a/:id": stream({ retain: { count: 60 } }),
  });
  const { url } = await serve(app);
  const reader = await connect(url, { subs: { "a/1": {} } });
  const publisher = await connect(url);
  const data = "x".repeat(4000);
  for (let i = 0; i < 400; i++) publisher.send({ publish: "a/1", data });
  const gaps = (): unknown[] => reader.lines.filter((line) => !Array.isArray(line));
  await reader.until(() => reader.lines.length >= 400 || gaps().length > 0 || undefined);
  expect(gaps()).toEqual([]);
});
