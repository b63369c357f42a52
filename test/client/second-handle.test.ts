/** Handles that begin elsewhere than the subscription which they share, over a server and a log. */
import { silentLogger, stream, tidemark } from "tidemark";
import { type Gap, type Message, type Stream, type StreamOptions, type Subscribed } from "tidemark/client";
import { seededRandom, testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";

let historyAllowed = true;

const definition = tidemark({ log: silentLogger }).channels({
  "kept/:id": stream({ retain: { count: 2000 } }),
  "short/:id": stream({ retain: { count: 3 } }),
  "live/:id": stream(),
  "closed/:id": stream({
    retain: { count: 10 },
    allow: ({ action }) => action !== "history" || historyAllowed,
  }),
});

function world() {
  const server = testApp(definition);
  onTestFinished(() => server.close());
  return server;
}

type World = ReturnType<typeof world>;
type Rt = ReturnType<World["connect"]>;

interface Seen {
  readonly handle: Stream;
  readonly data: unknown[];
  readonly offsets: number[];
  readonly cursors: (string | undefined)[];
  readonly told: (Subscribed | Gap)[];
  readonly errors: string[];
}

function open(rt: Rt, channel: string, options?: StreamOptions): Seen {
  const handle = rt.stream(channel as never, options as never) as unknown as Stream;
  const seen: Seen = { handle, data: [], offsets: [], cursors: [], told: [], errors: [] };
  handle.on("message", ({ data, offset }: Message) => {
    seen.data.push(data);
    seen.offsets.push(offset);
    seen.cursors.push(handle.cursor);
  });
  handle.on("subscribed", (how) => seen.told.push(how));
  handle.on("gap", (gap) => seen.told.push(gap));
  handle.on("error", ({ code }) => seen.errors.push(code));
  return seen;
}

async function say(channel: string, ...data: unknown[]): Promise<number[]> {
  const offsets: number[] = [];
  for (const one of data) {
    const { offset } = await definition.publishTo(channel, one);
    offsets.push(offset);
  }
  return offsets;
}

const fresh = { resumed: false, complete: true };

test("N33: a second handle's last is honoured: its own backlog, and then what comes, once and in order", async () => {
  const server = world();
  await say("kept/a", 1, 2, 3, 4, 5);
  const rt = server.connect();
  const first = open(rt, "kept/a");
  await first.handle.ready;
  await say("kept/a", 6);
  const second = open(rt, "kept/a", { last: 3 });
  await second.handle.ready;
  await say("kept/a", 7);
  await server.settle();
  expect([first.data, second.data]).toEqual([
    [6, 7],
    [4, 5, 6, 7],
  ]);
  expect(second.told).toEqual([fresh]);
  const epoch = first.handle.cursor?.split(":")[0];
  expect(second.cursors).toEqual(second.offsets.map((offset) => `${epoch}:${offset}`));
  expect(second.handle.cursor).toBe(first.handle.cursor);
});

test("N33: a handle made in the same turn as another one has its own last too", async () => {
  const server = world();
  await say("kept/b", 1, 2, 3, 4, 5);
  const rt = server.connect();
  const all = [undefined, { last: 2 }, { last: 4 }, { last: 2 }, {}].map((how) => open(rt, "kept/b", how));
  await Promise.all(all.map(({ handle }) => handle.ready));
  await say("kept/b", 6);
  await server.settle();
  expect(all.map(({ data }) => data)).toEqual([[6], [4, 5, 6], [2, 3, 4, 5, 6], [4, 5, 6], [6]]);
  expect(all.map(({ told }) => told)).toEqual(all.map(() => [fresh]));
});

test("N33: last counts from the end of the log, though the subscription begins further back", async () => {
  const server = world();
  await say("kept/c", 1, 2, 3, 4, 5);
  const rt = server.connect();
  const first = open(rt, "kept/c", { last: 5 });
  const second = open(rt, "kept/c", { last: 2 });
  await Promise.all([first.handle.ready, second.handle.ready]);
  await say("kept/c", 6);
  await server.settle();
  expect([first.data, second.data]).toEqual([
    [1, 2, 3, 4, 5, 6],
    [4, 5, 6],
  ]);
});

test("N33: a second handle's cursor and since are honoured", async () => {
  const server = world();
  const [, two] = await say("kept/d", 1, 2);
  await server.pass(1000);
  const since = server.now();
  await say("kept/d", 3, 4);
  const rt = server.connect();
  const first = open(rt, "kept/d");
  await first.handle.ready;
  const epoch = first.handle.cursor?.split(":")[0];
  const others = [
    open(rt, "kept/d", { cursor: `${epoch}:${two}` }),
    open(rt, "kept/d", { since }),
    open(rt, "kept/d", { since: since + 60_000 }),
    open(rt, "kept/d", { cursor: first.handle.cursor as string }),
  ];
  await Promise.all(others.map(({ handle }) => handle.ready));
  await say("kept/d", 5);
  await server.settle();
  expect(others.map(({ data }) => data)).toEqual([[3, 4, 5], [3, 4, 5], [5], [5]]);
  expect(others.map(({ told }) => told)).toEqual(others.map(() => [fresh]));
});

test("N33: what the log does not have any more is said", async () => {
  const server = world();
  const offsets = await say("short/a", 1, 2, 3, 4, 5);
  const rt = server.connect();
  const first = open(rt, "short/a");
  await first.handle.ready;
  const epoch = first.handle.cursor?.split(":")[0];
  const last = open(rt, "short/a", { last: 5 });
  const since = open(rt, "short/a", { since: 0 });
  const cursor = open(rt, "short/a", { cursor: `${epoch}:${offsets[0]}` });
  const strange = open(rt, "short/a", { cursor: `other:${offsets[0]}` });
  await Promise.all([last, since, cursor, strange].map(({ handle }) => handle.ready));
  await say("short/a", 6);
  await server.settle();
  expect([last.data, last.told]).toEqual([[3, 4, 5, 6], [{ resumed: false, complete: false }]]);
  expect([since.data, since.told]).toEqual([[3, 4, 5, 6], [{ resumed: false, complete: false }]]);
  expect(cursor.data).toEqual([3, 4, 5, 6]);
  expect(cursor.told).toMatchObject([fresh, { after: offsets[0], reason: "trimmed" }]);
  expect(strange.data).toEqual([6]);
  expect(strange.told).toEqual([fresh, { after: offsets[0], until: offsets[4], reason: "epoch" }]);
});

test("N33: where nothing is kept, or the history may not be read, a second handle is told and goes on", async () => {
  const server = world();
  await say("live/a", 1);
  await say("closed/a", 1);
  const rt = server.connect();
  await Promise.all([open(rt, "live/a"), open(rt, "closed/a")].map(({ handle }) => handle.ready));
  historyAllowed = false;
  onTestFinished(() => void (historyAllowed = true));
  const live = open(rt, "live/a", { last: 1 });
  const closed = open(rt, "closed/a", { last: 1 });
  await Promise.all([live, closed].map(({ handle }) => handle.ready));
  await say("live/a", 2);
  await say("closed/a", 2);
  await server.settle();
  const incomplete = [{ resumed: false, complete: false }];
  expect([live.data, live.told, live.errors]).toEqual([[2], incomplete, []]);
  expect([closed.data, closed.told, closed.errors]).toEqual([[2], incomplete, ["forbidden"]]);
});

test("N33: a handle closed and opened again in the same turn begins where it says now", async () => {
  const server = world();
  await say("kept/e", 1, 2, 3);
  const rt = server.connect();
  const before = open(rt, "kept/e", { last: 1 });
  before.handle.close();
  const early = open(rt, "kept/e", { last: 2 });
  await early.handle.ready;
  await server.settle();
  early.handle.close();
  const late = open(rt, "kept/e", { last: 3 });
  await late.handle.ready;
  await say("kept/e", 4);
  await server.settle();
  expect([before.data, early.data, late.data]).toEqual([[], [2, 3], [1, 2, 3, 4]]);
});

test("N33: at any moment, with messages under way and cuts, each handle has its own unbroken piece of the log", async () => {
  const seed = 20_261;
  const random = seededRandom(seed);
  const pick = (n: number): number => Math.floor(random.float() * n);
  const server = world();
  const rt = server.connect();
  const log = await say("kept/f", ...Array.from({ length: 30 }, (_, i) => i));
  const base = open(rt, "kept/f");
  await base.handle.ready;
  const epoch = base.handle.cursor?.split(":")[0];
  const opened: { readonly seen: Seen; readonly least: number; readonly most: number }[] = [];
  for (let step = 0; step < 120; step++) {
    const what = pick(10);
    if (what < 5) void say("kept/f", log.length + 0.5).then((offsets) => log.push(...offsets));
    else if (what < 7) {
      const back = 1 + pick(20);
      const from = log.length - back;
      if (pick(2) === 0) {
        opened.push({
          seen: open(rt, "kept/f", { cursor: `${epoch}:${log[from]}` }),
          least: from + 1,
          most: from + 1,
        });
      } else {
        // Between being asked and being begun the log may have grown.
        opened.push({ seen: open(rt, "kept/f", { last: back }), least: from, most: Infinity });
      }
    } else if (what === 7) server.cut(rt);
    else if (what === 8) await server.pass(pick(400));
    else await server.settle();
  }
  await server.pass("30s");
  await say("kept/f", "end").then((offsets) => log.push(...offsets));
  await server.settle();
  const all = log.toSorted((a, b) => a - b);
  expect(opened.length, `seed ${seed}`).toBeGreaterThan(10);
  for (const { seen, least, most } of opened) {
    const start = all.findIndex((offset) => offset === seen.offsets[0]);
    expect(start, `seed ${seed}`).toBeGreaterThanOrEqual(least);
    expect(start, `seed ${seed}`).toBeLessThanOrEqual(most);
    expect(seen.offsets, `seed ${seed}`).toEqual(all.slice(start));
    expect([seen.told.filter((event) => "reason" in event), seen.errors]).toEqual([[], []]);
  }
});
