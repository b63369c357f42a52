/** What is too much, or no change, by each way in: refused with what it is, and nothing of it is applied. */
import { silentLogger, state, tidemark } from "tidemark";
import type { SlotsOptions } from "tidemark/broker";
import { connect as connectClient } from "tidemark/client";
import { state as stateOf, type Change, type StateHandle } from "tidemark/state";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { setup } from "../app-state/support.js";
import { connect, type Client } from "../support/client.js";
import { serve, type Served } from "../support/serve.js";
import { ask } from "../../transports/support/http.js";

const KEY = "correct-horse-battery";
const CHANNEL = "keys/a";
/** 256 bytes. */
const LONGEST = "ä".repeat(128);
const HELD = new Map<string, unknown>([
  ["10", 10],
  ["9", 9],
  ["__proto__", { p: 1 }],
  ["constructor", "c"],
  [LONGEST, 256],
]);

interface Way {
  /** Resolves with what it was refused with, `undefined` where it was not. */
  readonly change: (change: Change<unknown>) => Promise<{ code: string; limit?: unknown } | undefined>;
  readonly held: () => Promise<ReadonlyMap<string, unknown>>;
}

let app: ReturnType<typeof makeApp>;
let served: Served;
let viewer: StateHandle;
let wire: Client;

const makeApp = () =>
  tidemark({ apiKey: KEY, log: silentLogger }).channels({ "keys/:id": state({ keys: 6, bytes: 40_000 }) });

beforeEach(async () => {
  app = makeApp();
  served = await serve(app);
  await app.state(CHANNEL).change({ set: HELD });
  const client = connectClient(served.url);
  onTestFinished(() => client.close());
  viewer = stateOf(client, CHANNEL);
  wire = await connect(served.url);
  await viewer.ready;
});

const ways: Readonly<Record<string, Way>> = {
  "the wire": {
    async change(change) {
      const { error } = await told(`"publish":"${CHANNEL}","data":${textOf(change)}`);
      return error as { code: string } | undefined;
    },
    async held() {
      const { ok } = await told(`"get":"${CHANNEL}","keys":${JSON.stringify([...HELD.keys(), "ok"])}`);
      return new Map(Object.entries((ok as { values: object }).values));
    },
  },
  HTTP: {
    async change(change) {
      const headers = { authorization: `Bearer ${KEY}` };
      const { text } = await ask(`${served.http}/api/state/${CHANNEL}`, { headers, body: textOf(change) });
      return (JSON.parse(text) as { error?: { code: string } }).error;
    },
    async held() {
      const headers = { authorization: `Bearer ${KEY}` };
      const { text } = await ask(`${served.http}/api/state/${CHANNEL}`, { method: "GET", headers });
      return new Map(Object.entries((JSON.parse(text) as { values: object }).values));
    },
  },
  "tidemark/state": {
    change: (change) =>
      viewer.change(change).then(
        () => undefined,
        (error: { code: string; details?: { limit?: unknown } }) => ({ code: error.code, ...error.details }),
      ),
    held: () => Promise.resolve(viewer.map),
  },
};

/** What a command on the wire is answered. */
async function told(command: string): Promise<Readonly<Record<string, unknown>>> {
  const id = wire.lines.length + 7;
  wire.send(`{"id":${id},${command}}`);
  return wire.take((line) => "id" in line && line["id"] === id) as Promise<Readonly<Record<string, unknown>>>;
}

/** As JSON, in which any key is one. */
function textOf({ set = {}, merge = {}, delete: gone, if: condition }: Change<unknown>): string {
  const fields = (values: Iterable<readonly [string, unknown]>): string =>
    `{${[...values].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`;
  const entries = (values: object): Iterable<readonly [string, unknown]> =>
    values instanceof Map ? (values as Map<string, unknown>) : Object.entries(values);
  const rest = JSON.stringify({ delete: gone, if: condition });
  const own = `"set":${fields(entries(set))},"merge":${fields(entries(merge))}`;
  return rest === "{}" ? `{${own}}` : `{${own},${rest.slice(1)}`;
}

/** Beside each there is something that would do. */
const refused: readonly (readonly [what: string, change: Change<unknown>, error: object])[] = [
  ["a key of 257 bytes", { set: { ok: 1, [`${LONGEST}x`]: 1 } }, { code: "limit_reached" }],
  ["a key that is half of a character", { set: { ok: 1, "\ud800": 1 } }, { code: "bad_request" }],
  ["a value of more than limits.message", { set: { ok: 1, "9": "x".repeat(65_537) } }, { code: "too_large" }],
  ["1,001 keys", { set: many(1001), delete: ["9"] }, { code: "limit_reached" }],
  [
    "more keys than the channel may have",
    { set: { ok: 1, more: 1, "9": 0 } },
    { code: "limit_reached", limit: "keys" },
  ],
  [
    "more bytes than the channel may have",
    { set: { ok: "x".repeat(30_000), "9": "x".repeat(30_000) }, delete: ["constructor"] },
    { code: "limit_reached", limit: "bytes" },
  ],
  [
    "a merge into what is no object",
    { set: { ok: 1 }, merge: { constructor: { x: 1 } } },
    { code: "invalid" },
  ],
  ["a condition that does not hold", { set: { ok: 1 }, if: { absent: ["__proto__"] } }, { code: "conflict" }],
];

function many(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
}

describe.each(Object.entries(ways))("by %s", (_, way) => {
  test.each(refused)(
    "E12, E13, E15: %s is refused, and nothing beside it is applied",
    async (_what, change, error) => {
      expect(await way.change(change)).toMatchObject(error);
      expect(await app.state(CHANNEL).entries()).toEqual(HELD);
      expect(new Map(viewer.map)).toEqual(HELD);
    },
  );

  test("E6, E12: keys of any text, numbers and __proto__ among them, are what they were", async () => {
    expect(new Map(await way.held())).toEqual(HELD);
    const set = new Map<string, unknown>([...HELD].map(([key]) => [key, { of: key }]));
    expect(await way.change({ set })).toBeUndefined();
    expect(new Map(await way.held())).toEqual(set);
    expect(
      await way.change({ merge: new Map([["__proto__", { more: 1 }]]), delete: ["10"] }),
    ).toBeUndefined();
    const merged = new Map([...set, ["__proto__", { of: "__proto__", more: 1 }]]);
    merged.delete("10");
    expect(new Map(await way.held())).toEqual(merged);
    expect(await app.state(CHANNEL).entries()).toEqual(merged);
    expect(({} as Record<string, unknown>)["more"]).toBeUndefined();
  });
});

test("E13: a channel takes the keys that it may have, and of what comes then nothing", async () => {
  const { keys, after } = setup({ keys: 1000 });
  const outcomes = { applied: 0, refused: 0 };
  for (let i = 0; i < 50; i++) {
    const set = new Map(Array.from({ length: 500 }, (_value, n) => [`k${i}-${n}`, n] as const));
    await after(keys.change({ set }), 0).then(
      () => outcomes.applied++,
      (error: unknown) => {
        expect(error).toMatchObject({ code: "limit_reached", details: { limit: "keys" } });
        outcomes.refused++;
      },
    );
  }
  expect(outcomes).toEqual({ applied: 2, refused: 48 });
  const held = await after(keys.entries());
  expect([held.size, held.get("k0-499"), held.has("k2-0")]).toEqual([1000, 499, false]);
  await after(keys.change({ set: { one: 1 }, delete: ["k0-0"] }));
});

test("E13, B93: of a million keys a channel takes a hundred thousand, by default", async () => {
  const { elsewhere } = setup();
  const options = state().def.slots as SlotsOptions;
  const outcomes = { applied: 0, refused: 0 };
  for (let i = 0; i < 1000; i++) {
    const changes = Array.from({ length: 1000 }, (_value, n) => ({ slot: `k${i}-${n}`, data: "1" }));
    const draft = { key: { scope: "s", id: `${i}`, print: 0 }, changes };
    const [outcome] = (await elsewhere.change?.(CHANNEL, [draft], options)) ?? [];
    if (outcome !== undefined && "offset" in outcome) outcomes.applied++;
    else if (outcome?.error === "log_full" && outcome.limit === "count") outcomes.refused++;
  }
  expect(outcomes).toEqual({ applied: 100, refused: 900 });
  const page = await elsewhere.readSlots?.(CHANNEL, { slots: ["k99-999", "k100-0"] }, options);
  expect(page?.entries.flatMap(({ changes }) => changes)).toEqual([{ slot: "k99-999", data: "1" }]);
});
