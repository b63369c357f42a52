/** Server-Sent Events of channels of keys. */
import { state, stream, tidemark } from "tidemark";
import { beforeEach, describe, expect, test } from "vitest";
import type { StateHandle } from "../../src/server/state/state-handle.js";
import { quiet, serve } from "../server/support/serve.js";
import { ask, begin, type Stream } from "./support/http.js";

let url: string;
let keys: StateHandle<unknown, unknown>;
let publish: (data: unknown) => Promise<unknown>;

beforeEach(async () => {
  const app = tidemark(quiet).channels({
    "keys/:id": state({ graves: { count: 2 } }),
    "chat/:id": stream({ retain: { count: 10 } }),
  });
  const served = await serve(app);
  url = `${served.http}/connect/sse`;
  keys = app.state("keys/a");
  publish = (data) => app.publishTo("chat/a", data);
});

/** What a browser makes of an event: its data, and the last id that came with it or before. */
interface Seen {
  readonly name: string;
  readonly id: string;
  readonly parts: readonly Record<string, unknown>[];
}

/** By the rules of the HTML standard: what has no data moves the id, and is no event. */
function seenIn(text: string): { readonly events: Seen[]; readonly id: string } {
  const events: Seen[] = [];
  let id = "";
  const blocks = text.split("\n\n");
  for (const block of blocks.slice(0, -1)) {
    let name = "message";
    const parts: Record<string, unknown>[] = [];
    for (const line of block.split("\n")) {
      if (line.startsWith("id: ")) id = line.slice(4);
      else if (line.startsWith("event: ")) name = line.slice(7);
      else if (line.startsWith("data: ")) parts.push(JSON.parse(line.slice(6)) as Record<string, unknown>);
    }
    if (parts.length > 0) events.push({ name, id, parts });
  }
  return { events, id };
}

const open = (query: string, id?: string): Promise<Stream> =>
  begin(`${url}?${query}`, { method: "GET", headers: id === undefined ? {} : { "last-event-id": id } });

function states(answer: Stream, count: number): Promise<Seen[]> {
  return answer.until(() => {
    const found = seenIn(answer.text).events.filter(({ name }) => name === "state");
    return found.length >= count ? found : undefined;
  });
}

/** What is held by somebody who was told all of this. */
function held(events: readonly (Seen | undefined)[]): Record<string, unknown> {
  const map = new Map<string, unknown>();
  for (const { parts } of events.filter((event) => event !== undefined)) {
    if (parts[0]?.["full"] === true) map.clear();
    for (const { data, del } of parts) {
      for (const key of (del ?? []) as string[]) map.delete(key);
      const list = data as unknown[];
      for (let i = 0; i < list.length; i += 2) map.set(String(list[i]), list[i + 1]);
    }
  }
  return Object.fromEntries(map);
}

describe("an event stream of a channel of keys", () => {
  test("E29: tells all that there is, and then what changes, each with its cursor as id", async () => {
    await keys.change({ set: { a: 1, b: { x: 1 } } });
    const answer = await open("channel=keys/a");
    const [all] = await states(answer, 1);
    expect(seenIn(answer.text).events[0]).toMatchObject({
      name: "subscribed",
      parts: [{ kind: "state" }],
      id: expect.stringMatching(/:0$/) as string,
    });
    expect(all?.parts).toEqual([{ data: ["a", 1, "b", { x: 1 }], full: true }]);
    const { cursor } = await keys.change({ set: { c: null }, delete: ["a"] });
    const [, next] = await states(answer, 2);
    expect(next).toMatchObject({ id: cursor, parts: [{ data: ["c", null], del: ["a"] }] });
    expect(next?.parts[0]).not.toHaveProperty("full");
  });

  test("E29: goes on from Last-Event-ID, also where only some of the keys are seen", async () => {
    await keys.change({ set: { "web-1": 1, db: 1 } });
    for (const query of [
      "channel=keys/a",
      "channel=keys/a&prefix=web-",
      "channel=keys/a&keys=web-1&keys=x",
    ]) {
      const first = await open(query);
      const [all] = await states(first, 1);
      first.drop();
      await keys.change({ set: { "web-1": query } });
      const again = await open(query, all?.id);
      const [next] = await states(again, 1);
      expect([query, next?.parts]).toEqual([query, [{ data: ["web-1", query] }]]);
      again.drop();
    }
  });

  test("E29: with the id of another filter, all is told anew", async () => {
    await keys.change({ set: { "web-1": 1, db: 1 } });
    const first = await open("channel=keys/a&prefix=web-");
    const [some] = await states(first, 1);
    expect(held([some])).toEqual({ "web-1": 1 });
    for (const query of ["channel=keys/a", "channel=keys/a&prefix=d", "channel=keys/a&keys=db"]) {
      const other = await open(query, some?.id);
      const [all] = await states(other, 1);
      expect(all?.parts[0]).toMatchObject({ full: true });
      expect(held([all])).toHaveProperty("db");
    }
  });

  test("E29: of many keys is one event, with a line of data for each part", async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, "x".repeat(300)]));
    await keys.change({ set: many });
    const answer = await open("channel=keys/a");
    const [all] = await states(answer, 1);
    expect(all?.parts.length).toBeGreaterThan(3);
    expect(all?.parts.map(({ part, more, full }) => [part, more, full])).toEqual(
      all?.parts.map((_, n, parts) => [
        n,
        n < parts.length - 1 ? true : undefined,
        n === 0 ? true : undefined,
      ]),
    );
    expect(held([all])).toEqual(many);
  });

  test("E29: behind what tombstones are known for, it is told of the gap, and all anew", async () => {
    await keys.change({ set: { a: 1, b: 1, c: 1, d: 1, e: 1 } });
    const first = await open("channel=keys/a");
    const [all] = await states(first, 1);
    first.drop();
    for (const key of ["a", "b", "c", "d"]) await keys.change({ delete: [key] });
    const again = await open("channel=keys/a", all?.id);
    const [told] = await states(again, 1);
    const { events } = seenIn(again.text);
    expect(held([all, told])).toEqual({ e: 1 });
    const gap = events.find(({ name }) => name === "gap");
    expect(gap).toMatchObject({ id: expect.stringMatching(/:0$/) as string, parts: [{ reason: "trimmed" }] });
    expect(told?.parts).toEqual([{ data: ["e", 1], full: true }]);
  });

  test("E29: tells nothing more often than its rate", async () => {
    const answer = await open("channel=keys/a&rate=2.5");
    await states(answer, 1);
    expect(seenIn(answer.text).events[0]).toMatchObject({ parts: [{ rate: 2 }] });
    for (let n = 0; n < 50; n++) await keys.change({ set: { a: n } });
    const events = await answer.until(() => {
      const { events: all } = seenIn(answer.text);
      const found = all.filter(({ name }) => name === "state");
      return held(found)["a"] === 49 ? found : undefined;
    });
    expect(events.length).toBeLessThanOrEqual(4);
  });

  test.each([
    ["a rate that is none", "rate=fast"],
    ["keys and a prefix", "keys=a&prefix=b"],
    ["too many keys", "keys=a&".repeat(1001)],
    ["a view that is none", `cursor=${encodeURIComponent(`e:1;${"x".repeat(33)}`)}`],
  ])("E29: refuses %s", async (_what, query) => {
    const answer = await ask(`${url}?channel=keys/a&${query}`, { method: "GET" });
    expect(answer.status).toBe(400);
    expect(answer.lines[0]).toMatchObject({ error: { code: "bad_request" } });
  });

  test("E29: streams are as they were, whatever filter is asked for", async () => {
    await publish(1);
    const answer = await open("channel=chat/a&last=1&prefix=web-&rate=5");
    const found = await answer.until(() => seenIn(answer.text).events.find(({ name }) => name === "message"));
    expect(found).toMatchObject({
      parts: [{ data: 1 }],
      id: expect.stringMatching(/^[\w-]+:\d+$/) as string,
    });
  });
});

test("E29: what only moves the cursor moves the id, and is no event", async () => {
  await keys.change({ set: { "web-1": 1 } });
  const answer = await open("channel=keys/a&prefix=web-");
  await states(answer, 1);
  const { cursor } = await keys.change({ set: { db: 1 } });
  const { cursor: second } = await keys.change({ set: { "web-1": 2 } });
  const [, next] = await states(answer, 2);
  expect(next?.id.split(";")[0]).toBe(second);
  const ids = [...answer.text.matchAll(/^id: (.*)$/gm)].map(([, id = ""]) => id);
  const view = /;.+$/.exec(next?.id ?? "")?.[0] ?? "none";
  expect(ids.every((id) => id.endsWith(view))).toBe(true);
  if (ids.includes(cursor + view)) expect(answer.text).toContain(`\n\nid: ${cursor}${view}\n\n`);
});
