/** The config file of `tidemark serve`, read. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readChannels } from "../../src/cli/config.js";
import { UsageError } from "../../src/cli/usage.js";

const folder = mkdtempSync(join(tmpdir(), "tidemark-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(channel: unknown) {
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify({ channels: { "a/:b": channel } }));
  return readChannels(file)["a/:b"];
}

test.each([
  [{ kind: ["state"] }, 'kind must be "stream", "transient" or "state", not ["state"]'],
  [{ kind: "room", rate: 20 }, "a room is code, which a file cannot hold"],
  [{ kind: "toString" }, 'not "toString"'],
  [{ kind: "transient", retain: {} }, 'has "retain"; for "transient" there are presence'],
  [{ kind: "stream", rate: 5 }, 'has "rate"; for "stream" there are retain, presence, dedupe'],
  [{ kind: "state", retain: {} }, "there are rate, ttl, keys, bytes, presence, dedupe"],
  [{ kind: "state", presence: "yes" }, "presence must be true or false"],
  [{ kind: "state", rate: "5" }, "rate must be a number of messages a second above 0, not 5"],
  [{ kind: "state", rate: null }, "rate must be"],
  [{ kind: "state", ttl: "soon" }, "ttl must be"],
  [{ kind: "state", ttl: "400d" }, "a year"],
  [{ kind: "state", keys: 0 }, "keys must be a whole number of at least 1, not 0"],
  [{ kind: "state", bytes: "1 MB" }, "bytes must be a whole number"],
  [{ kind: "state", dedupe: -1 }, "dedupe must be"],
])("names the mistake in the config %j", (channel, message) => {
  const attempt = (): unknown => read(channel);
  expect(attempt).toThrow(UsageError);
  expect(attempt).toThrow(message);
});

test("E7, E13, E14: a channel of keys has the rate, time to live and bounds that the file says", () => {
  const { kind, def } =
    read({ kind: "state", rate: 20, ttl: "1m", keys: 2, bytes: 1000, dedupe: "2m" }) ?? {};
  expect(kind).toBe("state");
  expect(def).toMatchObject({
    rate: 20,
    ttl: 60_000,
    slots: { keeping: { most: { count: 2, bytes: 1000 } }, dedupe: 120_000 },
  });
  expect(read({ kind: "state" })?.def).toMatchObject({
    rate: undefined,
    ttl: undefined,
    slots: { keeping: { most: { count: 100_000 } } },
  });
});
