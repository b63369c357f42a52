/** Commands that are wrong, over real sockets. */
import { describe, expect, it } from "vitest";
import { connect, open, type Client } from "../support/client.js";
import { app, served, underAttack } from "../support/attacked.js";

underAttack();

type Sort = readonly [title: string, line: unknown, code: string];

/** Every value that is wrong for a field, in a command that is right but for it. */
function wrong(field: string, command: (value: unknown) => unknown, values: readonly unknown[]): Sort[] {
  return values.map((value) => [`${field} = ${cut(JSON.stringify(value))}`, command(value), "bad_request"]);
}

function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text;
}

const LONG = "x".repeat(256);
const NO_OFFSET = ["7", -1, 1.5, 2 ** 53, 1e300, null, {}, [], true];
const NO_CURSOR = [
  7,
  null,
  {},
  [],
  true,
  "",
  "k3x",
  "k3x:",
  ":7",
  "k3x:-1",
  "k3x:07",
  "k3x:1.5",
  "k3x:1e3",
  "k 3:7",
  "k3x:9007199254740992",
  `k3x:${"9".repeat(40)}`,
  `${"e".repeat(33)}:7`,
];
const NO_CHANNEL = [
  7,
  null,
  {},
  [],
  true,
  "",
  LONG,
  "é".repeat(128),
  "chat/\u0000",
  "chat/\n",
  "chat/\u001b[2J",
  "chat/\u007f",
  "chat/\u0085",
  "chat/\u2028",
  "chat/\ud800",
  "chat/\udc00x",
];

const unconnected: Sort[] = [
  ...["subscribe", "unsubscribe", "publish", "history", "members", "call"].map((verb): Sort => [
    `${verb} before connect`,
    { [verb]: "chat/a", data: 1 },
    "connect_first",
  ]),
  ...wrong("connect", (value) => ({ connect: value }), [7, "x", null, [], true]),
  ...wrong("token", (token) => ({ connect: { token } }), [7, null, {}, [], true, "t".repeat(16_385)]),
  ...wrong("publisher", (publisher) => ({ connect: { publisher } }), [
    7,
    null,
    {},
    [],
    "",
    "too short",
    "p".repeat(129),
  ]),
  ...wrong("subs", (subs) => ({ connect: { subs } }), [7, "chat/a", [], true]),
  ...wrong("subs.chat/a", (options) => ({ connect: { subs: { "chat/a": options } } }), [7, "x", null, []]),
  ...wrong("a name in subs", (name) => ({ connect: { subs: { [name as string]: {} } } }), [
    "",
    LONG,
    "chat/\u0007",
  ]),
  ...wrong("cursor in subs", (cursor) => ({ connect: { subs: { "chat/a": { cursor } } } }), NO_CURSOR),
  ...wrong("last in subs", (last) => ({ connect: { subs: { "chat/a": { last } } } }), [...NO_OFFSET, 1001]),
  ...wrong("since in subs", (since) => ({ connect: { subs: { "chat/a": { since } } } }), NO_OFFSET),
  ...wrong("kind in subs", (kind) => ({ connect: { subs: { "chat/a": { kind } } } }), [7, "rooms", null]),
];

const connected: Sort[] = [
  ["connect twice", { connect: {} }, "already_connected"],
  ["no command", { data: 1 }, "unknown_command"],
  ["an unknown command", { shout: "chat/a" }, "unknown_command"],
  ["a command that objects have anyway: toString", { toString: "chat/a" }, "unknown_command"],
  [
    "a command that objects have anyway: __proto__",
    '{"id":1,"__proto__":{"publish":"chat/a","data":1}}',
    "unknown_command",
  ],
  ["a command that objects have anyway: constructor", { constructor: "chat/a" }, "unknown_command"],
  ["two commands in one object", { subscribe: "chat/a", publish: "chat/a", data: 1 }, "bad_request"],
  [
    "all commands in one object",
    { subscribe: "c", unsubscribe: "c", publish: "c", history: "c", members: "c", call: "c" },
    "bad_request",
  ],
  ...wrong("subscribe", (subscribe) => ({ subscribe }), NO_CHANNEL),
  ...wrong("unsubscribe", (unsubscribe) => ({ unsubscribe }), NO_CHANNEL),
  ...wrong("publish", (publish) => ({ publish, data: 1 }), NO_CHANNEL),
  ...wrong("history", (history) => ({ history }), NO_CHANNEL),
  ...wrong("members", (members) => ({ members }), NO_CHANNEL),
  ...wrong("call", (call) => ({ call }), [7, null, {}, [], true, "", LONG]),
  ...wrong("cursor", (cursor) => ({ subscribe: "chat/a", cursor }), NO_CURSOR),
  ...wrong("last", (last) => ({ subscribe: "chat/a", last }), [...NO_OFFSET, 1001]),
  ...wrong("since", (since) => ({ subscribe: "chat/a", since }), NO_OFFSET),
  ["last and since together", { subscribe: "chat/a", last: 1, since: 1 }, "bad_request"],
  ...wrong("kind", (kind) => ({ subscribe: "chat/a", kind }), [
    7,
    null,
    {},
    "",
    "rooms",
    "toString",
    "__proto__",
  ]),
  ["publish without data", { publish: "chat/a" }, "bad_request"],
  ...wrong("idem", (idem) => ({ publish: "chat/a", data: 1, idem }), [
    -1,
    1.5,
    2 ** 53,
    null,
    {},
    [],
    true,
    "",
    "k".repeat(129),
  ]),
  ...wrong("first", (first) => ({ publish: "chat/a", data: 1, first }), [1, 0, "true", null, {}, []]),
  ...wrong("age", (age) => ({ publish: "chat/a", data: 1, age }), NO_OFFSET),
  ...wrong("before", (value) => ({ history: "chat/a", before: value }), NO_OFFSET),
  ...wrong("after", (value) => ({ history: "chat/a", after: value }), NO_OFFSET),
  ...wrong("since of history", (since) => ({ history: "chat/a", since }), NO_OFFSET),
  ...wrong("limit", (limit) => ({ history: "chat/a", limit }), [...NO_OFFSET, 0, 1001]),
  ["before and after together", { history: "chat/a", before: 1, after: 1 }, "bad_request"],
  ["data beside bytes", '{"id":1,"publish":"chat/a","data":1,"bytes":1}\nAA==', "bad_request"],
  ...["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"].flatMap((name): Sort[] => [
    [`a channel called ${name}`, { subscribe: name }, "not_found"],
    [`publishing to ${name}`, { publish: name, data: 1 }, "not_found"],
    [`a method called ${name}`, { call: name }, "not_found"],
  ]),
  ["a badly encoded segment", { subscribe: "chat/%ZZ" }, "not_found"],
  ["an empty segment", { subscribe: "chat/" }, "not_found"],
  ["a segment too many", { subscribe: "chat/a/b" }, "not_found"],
  ["members of a channel without presence", { members: "chat/a" }, "wrong_kind"],
  ["history of a transient", { history: "typing/a" }, "wrong_kind"],
  ["a payload over the limit", { publish: "chat/a", data: "x".repeat(65_535) }, "too_large"],
  [
    "a payload that grows over the limit in UTF-8",
    { publish: "chat/a", data: "€".repeat(22_000) },
    "too_large",
  ],
  [
    "a payload nested 30,000 deep",
    `{"id":1,"publish":"chat/a","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
    "invalid",
  ],
  [
    "a transient's payload nested 30,000 deep",
    `{"id":1,"publish":"typing/a","data":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
    "invalid",
  ],
  [
    "a call's input nested 30,000 deep",
    `{"id":1,"call":"echo","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
    "internal",
  ],
  ["unsubscribing from nothing", { unsubscribe: "chat/never" }, "not_subscribed"],
];

const withId = (line: unknown): string =>
  typeof line === "string" ? line : JSON.stringify({ id: 1, ...(line as object) });

async function refuses(client: Client, [, line, code]: Sort): Promise<void> {
  client.send(withId(line));
  const { error } = (await client.answer(1)) as { error: { code: string; message: string; retry: boolean } };
  expect(error).toMatchObject({ code, message: expect.stringMatching(/./), retry: false });
}

describe("W10, W12, W15, W16, C1: a command that is wrong is answered with what is wrong, and the connection goes on", () => {
  it.each(unconnected)("before connect: %s", async (title, line, code) => {
    const client = await open(served.url);
    await refuses(client, [title, line, code]);
    expect(await client.ask({ connect: {} })).toHaveProperty("client");
  });

  it.each(connected)("%s", async (title, line, code) => {
    const client = await connect(served.url);
    await refuses(client, [title, line, code]);
    expect(await client.ask({ subscribe: "chat/lobby" })).toHaveProperty("ch");
  });

  it.each(["1", -1, 1.5, 2 ** 53, 1e300, null, {}, [], true].map((id) => [JSON.stringify(id), id]))(
    "id = %s",
    async (_, id) => {
      const client = await connect(served.url);
      client.send({ id, subscribe: "chat/a" });
      expect(await client.take((line) => "error" in line)).toEqual({
        error: { code: "bad_request", message: expect.stringContaining("id"), retry: false },
      });
      await client.settled();
    },
  );
});

describe("W20: names that objects have anyway are names like any other", () => {
  it("in subs, where each has a result of its own", async () => {
    const client = await open(served.url);
    client.send(
      '{"id":1,"connect":{"subs":{"__proto__":{},"constructor":{},"toString":{"last":1},"chat/__proto__":{}}}}',
    );
    const { subs } = (await client.answer(1)) as {
      subs: Record<string, { ch?: number; error?: { code: string } }>;
    };
    expect(Object.keys(subs).sort()).toEqual(["__proto__", "chat/__proto__", "constructor", "toString"]);
    expect(Object.getOwnPropertyDescriptor(subs, "__proto__")?.value).toMatchObject({
      error: { code: "not_found" },
    });
    expect(subs["chat/__proto__"]).toMatchObject({ kind: "stream" });
  });

  it("as a payload, which comes as it was sent and changes nobody's prototype", async () => {
    const payload = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const client = await connect(served.url);
    const { ch } = await client.ask({ subscribe: "chat/a" });
    client.send(`{"id":1,"publish":"chat/a","data":${payload}}`);
    const [offset] = await client.message(ch);
    expect(client.frames.join("\n")).toContain(`[${String(ch)},${String(offset)},${payload}]`);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("as options of a subscription", async () => {
    const client = await connect(served.url);
    client.send('{"id":1,"subscribe":"chat/a","__proto__":{"last":-1,"cursor":"bad"}}');
    expect(await client.answer(1)).toHaveProperty("ch");
  });
});

describe("W16: lone surrogates in a payload come as they were sent", () => {
  it("escaped", async () => {
    const client = await connect(served.url);
    const { ch } = await client.ask({ subscribe: "chat/a" });
    client.send(String.raw`{"id":1,"publish":"chat/a","data":"\ud800 and \udc00"}`);
    expect((await client.message(ch))[1]).toBe("\ud800 and \udc00");
  });
});

describe("cursors of the right form that are no good", () => {
  it("C8: of an epoch that nobody knows", async () => {
    await app.publish("chat/:id", { id: "cursors" }, 1);
    const client = await connect(served.url);
    const { ch } = await client.ask({ subscribe: "chat/cursors", cursor: "nobody:7" });
    expect(await client.event("gap")).toMatchObject({ ch, after: 7, reason: "epoch" });
    await app.publish("chat/:id", { id: "cursors" }, 2);
    expect((await client.message(ch))[1]).toBe(2);
  });

  it.each([2 ** 53 - 1, 2 ** 52])("C12: beyond the head, %d", async (offset) => {
    await app.publish("chat/:id", { id: "cursors" }, 1);
    const client = await connect(served.url);
    const other = await connect(served.url);
    const { cursor, ch } = await other.ask({ subscribe: "chat/cursors" });
    const beyond = `${String(cursor).split(":")[0]}:${offset}`;
    expect(await client.ask({ subscribe: "chat/cursors", cursor: beyond })).toMatchObject({ cursor: beyond });
    await app.publish("chat/:id", { id: "cursors" }, 2);
    expect((await other.message(ch))[1]).toBe(2);
    await client.settled();
    expect(client.lines).toEqual([]);
  });

  it("C11: of an entry that never was", async () => {
    // The first one of its log, since entries of one millisecond have offsets in a row.
    const { offset } = await app.publish("chat/:id", { id: "never" }, 1);
    await app.publish("chat/:id", { id: "never" }, 2);
    const client = await connect(served.url);
    const { cursor } = await client.ask({ subscribe: "chat/never" });
    const epoch = String(cursor).split(":")[0];
    await client.ask({ unsubscribe: "chat/never" });
    const { ch } = await client.ask({ subscribe: "chat/never", cursor: `${epoch}:${offset - 1}` });
    expect(await client.event("gap")).toMatchObject({ ch, reason: "rollback" });
  });
});
