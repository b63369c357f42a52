/** How many changes a message stands for. */
import { expect, it } from "vitest";
import { seededRandom } from "../../../src/testing/index.js";
import { setup, splitCursor, type Viewer } from "./support.js";

interface Told {
  readonly from: number;
  readonly to: number;
  readonly keys: number;
  readonly merged: number | undefined;
}

/** The whole messages of a viewer that did not begin at 0. */
function toldOf(viewer: Viewer): Told[] {
  const told: Told[] = [];
  let [, from] = splitCursor(String(viewer.result["cursor"]));
  let keys = 0;
  for (const line of viewer.lines) {
    if (!Array.isArray(line)) continue;
    const [, to, set = [], meta = {}] = line as [
      number,
      number,
      unknown[]?,
      { del?: unknown[]; more?: boolean; merged?: number }?,
    ];
    keys += set.length / 2 + (meta.del?.length ?? 0);
    if (meta.more === true) continue;
    if (from > 0) told.push({ from, to, keys, merged: meta.merged });
    from = to;
    keys = 0;
  }
  return told;
}

it("E34: a message says how many changes it stands for, where those are more than its keys", async () => {
  const { world, put, watch } = setup();
  await put({ a: 0, b: 0 });
  const viewer = await watch();
  for (let i = 1; i <= 5; i++) await put({ a: i });
  await put({ b: undefined, c: 1 });
  await world.clock.settle();
  expect(viewer.lines.at(-1)).toMatchObject({ 2: ["a", 5, "c", 1], 3: { del: ["b"], merged: 7 } });
  await put({ a: 6, c: 2 });
  await world.clock.settle();
  expect(viewer.lines.at(-1)).toHaveLength(3);
});

it("E34: whatever is seen, at whatever rate, read or not, and in parts the last one says it", async () => {
  const seed = 1 + Math.floor(Math.random() * 1e6);
  const random = seededRandom(seed);
  const { world, put, watch } = setup();
  const keys = Array.from({ length: 40 }, (_, i) => `${"abc"[i % 3]}${i}`);
  await put(Object.fromEntries(keys.map((key) => [key, 0])));
  const filters = [
    {},
    { prefix: "a" },
    { prefix: "b1" },
    { keys: keys.slice(5, 9) },
    { keys: keys.slice(0, 39), rate: 20 },
    { prefix: "c", rate: 5 },
    { rate: 1 },
  ];
  const wants = (filter: { prefix?: string; keys?: readonly string[] }, key: string): boolean =>
    filter.keys?.includes(key) ?? key.startsWith(filter.prefix ?? "");
  const viewers = [];
  for (const filter of filters) viewers.push({ filter, viewer: await watch(filter) });
  const changes: [number, string][] = [];
  const there = new Set(keys);
  let value = 0;
  for (let i = 0; i < 1500; i++) {
    const long = random.float() < 0.02 ? "x".repeat(20_000) : "";
    const change: Record<string, unknown> = {};
    for (let one = i % 3; one >= 0; one--) {
      const key = keys[Math.floor(random.float() * keys.length)] ?? "a0";
      const isDeleted = there.has(key) && random.float() < 0.1;
      change[key] = isDeleted ? undefined : `${++value}${long}`;
    }
    const [, offset] = splitCursor(await put(change));
    for (const [key, to] of Object.entries(change)) {
      changes.push([offset, key]);
      if (to === undefined) there.delete(key);
      else there.add(key);
    }
    for (const { viewer } of viewers) {
      const { peer } = viewer;
      if (random.float() < 0.03) peer.stuck = true;
      else if (peer.stuck && random.float() < 0.1) {
        peer.stuck = false;
        peer.drain();
      }
    }
    await world.clock.advance(random.float() < 0.5 ? 0 : 5);
  }
  let merged = 0;
  for (const { filter, viewer } of viewers) {
    const told = toldOf(viewer);
    expect(told.length).toBeGreaterThan(1);
    for (const one of told) {
      const seen = changes.filter(([at, key]) => at > one.from && at <= one.to && wants(filter, key)).length;
      const about = `seed ${seed}, ${JSON.stringify(filter)}, ${JSON.stringify(one)}`;
      expect(one.merged, about).toBe(seen > one.keys ? seen : undefined);
      if (one.merged !== undefined) merged++;
    }
  }
  expect(merged).toBeGreaterThan(50);
  console.log(`seed ${seed}`);
});

it("E34: nothing is said of changes that the server did not hear of one by one", async () => {
  const { world, put, watch } = setup();
  const before = await put({ a: 0 });
  for (let i = 0; i < 5; i++) await put({ a: i });
  const back = await watch({ cursor: before });
  expect(back.lines.at(-1)).toHaveLength(3);
  for (let i = 0; i < 5; i++) await put({ a: i });
  await world.clock.settle();
  expect(back.lines.at(-1)).toMatchObject({ 3: { merged: 5 } });
});
