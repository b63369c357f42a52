/** What logs are called before anything is in them, where the store itself sees them go. */
import { describe, expect, test } from "vitest";
import { createMemoryHub, type LogOptions } from "../../src/broker/index.js";
import { firstEpoch } from "../../src/broker/log/epoch-names.js";
import { groupOf } from "../../src/broker/log/forgotten-logs.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";

const NONE: LogOptions = { keeping: { by: "entries" }, dedupe: 1000 };
const WHOLE = { after: 0, limit: 100, bytes: 10_000 };
const draft = (id: string) => ({ data: "1", key: { scope: "test", id, print: 0 } });

describe("names of logs that are not there", () => {
  test("L18: fall together rarely", () => {
    const counts = new Map<number, number>();
    for (let i = 0; i < 65_536; i++) {
      const group = groupOf(`chat/${i}`);
      counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    // Thrown at random they would leave a third of the groups empty.
    expect(counts.size).toBeGreaterThan(35_000);
    expect(Math.max(...counts.values())).toBeLessThan(16);
    expect(Math.max(...counts.keys())).toBeLessThan(65_536);
  });

  test("L18, B85: differ in channel, incarnation and count", () => {
    const names = ["a", "b"].flatMap((incarnation) =>
      [0, 1, 2].flatMap((count) => ["c", "d", "1 c"].map((name) => firstEpoch(incarnation, count, name))),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{8}$/);
  });

  test("L17: stay while somebody follows, whatever others are forgotten", async () => {
    const clock = new VirtualClock();
    const hub = createMemoryHub({ clock, random: seededRandom(1) });
    const node = hub.broker();
    const epochOf = async (channel: string): Promise<string> =>
      (await node.read(channel, WHOLE, NONE)).epochs.at(-1)?.epoch ?? "";
    let other = "passing/0";
    for (let i = 1; groupOf(other) !== groupOf("quiet"); i++) other = `passing/${i}`;
    await node.follow("quiet", { onEntries() {}, onSignals() {}, onPresence() {}, onReset() {} });
    const [quiet, passing] = [await epochOf("quiet"), await epochOf(other)];
    await node.append(other, [draft("1")], NONE);
    await clock.advance(1001);
    for (let i = 0; hub.channels > 1; i++) {
      expect(i).toBeLessThan(1000);
      await epochOf("sweeper");
    }
    expect(await epochOf(other)).not.toBe(passing);
    await node.append("quiet", [draft("2")], NONE);
    expect(await epochOf("quiet")).toBe(quiet);
  });
});
