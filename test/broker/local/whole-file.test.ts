/** Data files whose end is missing. */
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LogOptions } from "../../../src/broker/contract.js";
import { openForReading, openForWriting } from "../../../src/broker/local/environment.js";
import { createLocalHub } from "../../../src/broker/local/index.js";
import { cleanUp, folder } from "./support/scene.js";

const KEEP: LogOptions = { keeping: { by: "entries", retain: { count: 1000 } }, dedupe: 1e12 };

/** A folder with a log of some hundred pages, closed in good order. */
async function filled(): Promise<string> {
  const dir = folder();
  const hub = createLocalHub({ dir });
  const broker = hub.broker();
  for (let id = 1; id <= 40; id++) {
    const draft = { data: `"${"x".repeat(20_000)}"`, key: { scope: "ann", id, print: 1 } };
    await broker.append("log", [draft], KEEP);
  }
  await broker.close();
  await hub.close();
  return dir;
}

test("L20: a data file whose end is missing is refused, by a sentence, and left as it is", async () => {
  const dir = await filled();
  const file = join(dir, "data.mdb");
  const { size } = statSync(file);
  const whole = readFileSync(file);
  for (const share of [0.9, 0.6, 0.3]) {
    writeFileSync(file, whole);
    const kept = Math.floor((size * share) / 4096) * 4096;
    truncateSync(file, kept);
    for (const open of [() => openForWriting(dir, true), () => openForReading(dir)])
      expect(open).toThrow(`data.mdb has ${kept} bytes, and ${size} were written: its end is missing`);
    expect(statSync(file).size).toBe(kept);
  }
  writeFileSync(file, whole);
  const hub = createLocalHub({ dir });
  cleanUp.push(() => hub.close());
  const { entries } = await hub.broker().read("log", { after: 0, limit: 100, bytes: 1e9 }, KEEP);
  expect(entries).toHaveLength(40);
});

test("L20: an empty file is a new folder's", async () => {
  const dir = folder();
  writeFileSync(join(dir, "data.mdb"), "");
  const env = openForWriting(dir, true);
  await env.root.close();
});
