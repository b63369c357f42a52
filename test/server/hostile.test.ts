/**
 * Hostile input over real sockets. After each sort: the process is alive, a witness connection still gets its
 * messages, and nothing of the attacker is left. At the end: memory has not grown.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { method, stream, tidemark, transient } from "../../src/server/index.js";
import { Client, connect, open } from "./support/client.js";
import {
  BINARY,
  CLOSE,
  PING,
  PONG,
  TEXT,
  closing,
  dial,
  frame,
  upgrade,
  upgradeRequest,
  type Raw,
} from "./support/raw.js";
import { servedAt, quiet, type Served } from "./support/serve.js";

const app = tidemark({ ...quiet, limits: { connectTimeout: 400 } })
  .channels({
    "chat/:id": stream({ retain: { count: 100 } }),
    "typing/:id": transient(),
  })
  .methods({ echo: method({ run: (input) => input }) });

let server: Server;
let served: Served;
let witness: Client;
let witnessCh: unknown;
let said = 0;
let memoryBefore = 0;
/** Sockets that the server holds, the witness's left out. */
const sockets = new Set<Socket>();
let emptied: (() => void) | undefined;

beforeAll(async () => {
  server = createServer({ headersTimeout: 300, connectionsCheckingInterval: 50 });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) emptied?.();
    });
  });
  app.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  served = servedAt((server.address() as AddressInfo).port);
  witness = new Client(served.url);
  await new Promise((resolve) => witness.socket.once("open", resolve));
  const ok = await witness.ask({ connect: { subs: { "chat/witness": {} } } });
  witnessCh = (ok["subs"] as Record<string, { ch: number }>)["chat/witness"]?.ch;
  await witnessHears();
  sockets.clear();
});

afterAll(async () => {
  witness.socket.terminate();
  await app.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function witnessHears(): Promise<void> {
  const text = `still here ${++said}`;
  await app.publish("chat/:id", { id: "witness" }, text);
  expect((await witness.message(witnessCh))[1]).toBe(text);
}

beforeEach(({ onTestFinished }) => {
  // Runs last, after the attacker's socket was destroyed.
  onTestFinished(async () => {
    if (sockets.size > 0) await new Promise<void>((resolve) => (emptied = resolve));
    emptied = undefined;
    expect(app.stats.connections).toBe(1);
  });
});
afterEach(witnessHears);

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
  ...wrong("kind in subs", (kind) => ({ connect: { subs: { "chat/a": { kind } } } }), [7, "state", null]),
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
    "state",
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

const binary = (text: string, ...bytes: number[]): Buffer =>
  Buffer.concat([Buffer.from(text), Buffer.from(bytes)]);

/** Frames after which the connection is closed. */
const rubbish: readonly (readonly [title: string, frame: string | Buffer, code: number, reason: RegExp])[] = [
  ["not JSON", "hello", 1007, /not JSON: hello/],
  ["half of an object", '{"id":1,', 1007, /not JSON/],
  ["a trailing comma", '{"id":1,"subscribe":"chat/a",}', 1007, /not JSON/],
  ["NaN", '{"id":NaN}', 1007, /not JSON/],
  ["a good line and then a bad one", '{"id":1,"subscribe":"chat/a"}\nrubbish', 1007, /not JSON: rubbish/],
  ["long text that is not JSON", "€".repeat(5000), 1007, /not JSON/],
  ["brackets, never closed", "[".repeat(100_000), 1007, /not JSON/],
  ["a number", "7", 1008, /not a number/],
  ["a text", '"subscribe"', 1008, /not a string/],
  ["null", "null", 1008, /not null/],
  ["true", "true", 1008, /not a boolean/],
  ["an array", "[]", 1008, /not an array/],
  ["a message, as a server sends them", '[1,2,{"text":"hi"}]', 1008, /not an array/],
  ["arrays nested 60,000 deep", `${"[".repeat(60_000)}${"]".repeat(60_000)}`, 1008, /not an array/],
  ["bytes announced and missing", '{"id":1,"publish":"chat/a","data":null,"bytes":3}', 1007, /missing/],
  [
    "bytes of another number than announced",
    '{"id":1,"publish":"chat/a","data":null,"bytes":3}\nAA==',
    1007,
    /3 bytes/,
  ],
  ["bytes of a negative number", '{"id":1,"publish":"chat/a","data":null,"bytes":-1}\n', 1007, /bytes/],
  [
    "bytes of a huge number",
    '{"id":1,"publish":"chat/a","data":null,"bytes":9007199254740991}\nAA==',
    1007,
    /bytes/,
  ],
  ["bytes of a fraction", '{"id":1,"publish":"chat/a","data":null,"bytes":1.5}\nAA==', 1007, /bytes/],
  ["bytes of a text", '{"id":1,"publish":"chat/a","data":null,"bytes":"3"}\nAAAA', 1007, /bytes/],
  ["bytes of null", '{"id":1,"publish":"chat/a","data":null,"bytes":null}', 1007, /bytes/],
  ["bad base64", '{"id":1,"publish":"chat/a","data":null,"bytes":3}\n!!!!', 1007, /base64/],
  [
    "base64 of text outside of latin1",
    '{"id":1,"publish":"chat/a","data":null,"bytes":3}\n€€€€',
    1007,
    /base64/,
  ],
  ["binary rubbish", Buffer.from([0, 255, 254, 1, 2, 3, 128, 129]), 1007, /UTF-8/],
  ["binary zeros", Buffer.alloc(1000), 1007, /not JSON/],
  [
    "a binary line that is not UTF-8",
    binary('{"id":1,"publish":"chat/a","data":"', 0xc3, 0x28, 34, 125),
    1007,
    /UTF-8/,
  ],
  ["an overlong encoding", binary("{}\n", 0xc0, 0x80), 1007, /UTF-8/],
  ["a surrogate in UTF-8", binary("{}\n", 0xed, 0xa0, 0x80), 1007, /UTF-8/],
  [
    "binary bytes missing",
    binary('{"id":1,"publish":"chat/a","data":null,"bytes":3}\n', 1, 2),
    1007,
    /3 bytes/,
  ],
  [
    "binary bytes of a negative number",
    binary('{"id":1,"publish":"chat/a","data":null,"bytes":-3}\n', 1, 2),
    1007,
    /bytes/,
  ],
  [
    "binary bytes of a huge number",
    binary('{"id":1,"publish":"chat/a","data":null,"bytes":1e15}\n', 1, 2),
    1007,
    /bytes/,
  ],
  ["a byte order mark", Buffer.from("\ufeff{}"), 1007, /not JSON/],
  [
    "more bytes than announced",
    binary('{"id":1,"publish":"chat/a","data":null,"bytes":1}\n', 65, 66),
    1007,
    /not JSON: B/,
  ],
  [
    "a frame over the limit",
    JSON.stringify({ id: 1, publish: "chat/a", data: "x".repeat(131_072) }),
    1009,
    /^/,
  ],
  ["a binary frame over the limit", Buffer.alloc(131_073), 1009, /^/],
  ["10,000 subscriptions in one connect", subsOf(10_000), 1008, /at most 200 subs/],
  ["201 subscriptions in one connect", subsOf(201), 1008, /at most 200 subs/],
];

function subsOf(count: number): string {
  return JSON.stringify({
    id: 1,
    connect: { subs: Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, {}])) },
  });
}

describe("W6, W7, W8, K6: a frame that cannot be read closes the connection and says why", () => {
  it.each(rubbish)("%s", async (_, data, code, reason) => {
    const client = await open(served.url);
    client.socket.send(data);
    const closed = await client.closed;
    expect(closed).toEqual({ code, reason: expect.stringMatching(reason) });
    // W6: Nothing of that frame was carried out.
    expect(client.lines).toEqual([]);
  });

  it("W18: a reason is at most 123 bytes, cut between characters", async () => {
    const client = await open(served.url);
    client.send("😀".repeat(50));
    expect((await client.closed).reason).toMatch(/^not JSON: (😀)+$/u);
  });

  it("W7: commands before a line that is no object are carried out", async () => {
    const client = await connect(served.url);
    client.send({ id: 1, call: "echo", data: 7 }, "7");
    expect((await client.closed).code).toBe(1008);
  });

  it("W1: blank frames and lines mean nothing", async () => {
    const client = await connect(served.url);
    for (const blank of ["", "\n\n", "  \n\t\r\n"]) client.send(blank);
    client.socket.send(Buffer.alloc(0));
    client.socket.send(Buffer.from("\n\n"));
    await client.settled();
    expect(client.lines).toEqual([]);
  });
});

describe("frames that break the WebSocket protocol", () => {
  const hello = '{"id":1,"connect":{}}';
  const sorts: readonly (readonly [title: string, bytes: Buffer, code: number])[] = [
    ["an unmasked frame", frame(TEXT, hello, { masked: false }), 1002],
    ["a reserved bit", frame(TEXT, hello, { rsv: 4 }), 1002],
    ["another reserved bit", frame(TEXT, hello, { rsv: 2 }), 1002],
    ["the third reserved bit", frame(TEXT, hello, { rsv: 1 }), 1002],
    ["the reserved opcode 3", frame(3, hello), 1002],
    ["the reserved opcode 7", frame(7, hello), 1002],
    ["the reserved control opcode 11", frame(11), 1002],
    ["the reserved control opcode 15", frame(15), 1002],
    ["a fragmented ping", frame(PING, "a", { fin: false }), 1002],
    ["a fragmented close", frame(CLOSE, closing(1000), { fin: false }), 1002],
    ["an oversize ping", frame(PING, "p".repeat(126)), 1002],
    ["an oversize pong", frame(PONG, "p".repeat(126)), 1002],
    ["an oversize close", frame(CLOSE, closing(1000, "r".repeat(124))), 1002],
    ["a continuation of nothing", frame(0, hello), 1002],
    [
      "a text inside of a fragmented text",
      Buffer.concat([frame(TEXT, "{", { fin: false }), frame(TEXT, "}")]),
      1002,
    ],
    ["a close of one byte", frame(CLOSE, Buffer.from([3])), 1002],
    ["close code 0", frame(CLOSE, closing(0)), 1002],
    ["close code 999", frame(CLOSE, closing(999)), 1002],
    ["close code 1004", frame(CLOSE, closing(1004)), 1002],
    ["close code 1005", frame(CLOSE, closing(1005)), 1002],
    ["close code 1006", frame(CLOSE, closing(1006)), 1002],
    ["close code 1016", frame(CLOSE, closing(1016)), 1002],
    ["close code 2999", frame(CLOSE, closing(2999)), 1002],
    ["close code 65535", frame(CLOSE, closing(65_535)), 1002],
    ["a close reason that is not UTF-8", frame(CLOSE, closing(1000, Buffer.from([0xc3, 0x28]))), 1007],
    ["a text that is not UTF-8", frame(TEXT, Buffer.from([0xc3, 0x28])), 1007],
    [
      "a text cut within a character, in fragments",
      Buffer.concat([frame(TEXT, Buffer.from([0xe2, 0x82]), { fin: false }), frame(0, "x")]),
      1007,
    ],
    ["a length of 2^63", frame(TEXT, "", { length: 2n ** 63n }), 1009],
    ["a length of 2^53", frame(TEXT, "", { length: 2n ** 53n }), 1009],
    ["a length of 4 GiB", frame(BINARY, "", { length: 2n ** 32n }), 1009],
    [
      "fragments that add up to too much",
      Buffer.concat([frame(TEXT, " ".repeat(100_000), { fin: false }), frame(0, " ".repeat(100_000))]),
      1009,
    ],
  ];

  it.each(sorts)("W19: %s", async (_, bytes, code) => {
    const raw = await upgrade(served.port);
    raw.write(bytes);
    expect((await raw.closeFrame()).code).toBe(code);
  });

  it.each(sorts)("on the echo: %s", async (_, bytes, code) => {
    const raw = await upgrade(served.port, "/echo");
    raw.write(bytes);
    // The echo's limit is larger than what some of these add up to.
    if (bytes.length > 200_000) expect((await raw.frame()).opcode).toBe(TEXT);
    else expect((await raw.closeFrame()).code).toBe(code);
  });

  it("a frame that is never finished does not outlast the time to connect", async () => {
    const raw = await upgrade(served.port);
    raw.write(frame(TEXT, hello).subarray(0, 9));
    expect(await raw.closeFrame()).toEqual({ code: 4003, reason: expect.stringContaining("400 ms") });
  });

  it("nothing is carried out after a close", async () => {
    const raw = await upgrade(served.port);
    raw.write(Buffer.concat([frame(CLOSE, closing(1000)), frame(TEXT, hello), frame(TEXT, "rubbish")]));
    expect((await raw.closeFrame()).code).toBe(1000);
    expect(await raw.ended).toBe("end");
  });
});

describe("upgrade requests that are none", () => {
  const sorts: readonly (readonly [title: string, request: string, status: number])[] = [
    ["no key", upgradeRequest("/connect", { "Sec-WebSocket-Key": undefined }), 400],
    ["a key that is too short", upgradeRequest("/connect", { "Sec-WebSocket-Key": "c2hvcnQ=" }), 400],
    [
      "a key that is no base64",
      upgradeRequest("/connect", { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }),
      400,
    ],
    ["no version", upgradeRequest("/connect", { "Sec-WebSocket-Version": undefined }), 400],
    ["version 12", upgradeRequest("/connect", { "Sec-WebSocket-Version": "12" }), 400],
    ["another protocol", upgradeRequest("/connect", { Upgrade: "h2c" }), 400],
    ["a path that nobody has", upgradeRequest("/nowhere"), 404],
    ["a path that climbs", upgradeRequest("/connect/../../etc/passwd"), 404],
    ["POST", upgradeRequest().replace("GET", "POST"), 405],
    ["no upgrade at all", "GET /connect HTTP/1.1\r\nHost: a\r\n\r\n", 426],
    ["no upgrade of the echo", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 426],
    ["huge headers", upgradeRequest("/connect", { "X-Rubbish": "x".repeat(20_000) }), 431],
    ["a huge path", upgradeRequest(`/${"p".repeat(20_000)}`), 431],
    ["not HTTP", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n", 400],
    ["a bad request line", "GET\r\n\r\n", 400],
    [
      "two lengths",
      "POST /connect HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
      400,
    ],
  ];

  it.each(sorts)("A12, A13: %s", async (_, request, status) => {
    const raw = await dial(served.port);
    raw.write(request);
    expect(await raw.status()).toBe(status);
  });

  it("an upgrade that is refused is not held open by its peer", async () => {
    const raw = await dial(served.port);
    raw.write(upgradeRequest("/nowhere"));
    expect(await raw.status()).toBe(404);
    // The peer never closes its half.
    await raw.ended;
    if (sockets.size > 0) await new Promise<void>((resolve) => (emptied = resolve));
  });

  it("a handshake of one byte at a time is cut off", async () => {
    const raw = await dial(served.port);
    raw.write("G");
    raw.write("E");
    expect(await raw.status()).toBe(408);
  });
});

describe("K18: sockets that break", () => {
  const moments: readonly (readonly [title: string, path: string, request: (path: string) => string])[] = [
    ["before a byte", "/connect", () => ""],
    ["in the middle of the request", "/connect", (path) => upgradeRequest(path).slice(0, 60)],
    ["right after the request", "/connect", upgradeRequest],
    ["right after a request to a path that nobody has", "/nowhere", upgradeRequest],
    ["right after a request to the echo", "/echo", upgradeRequest],
    [
      "right after a request of another origin",
      "/connect",
      (path) => upgradeRequest(path, { Origin: "https://evil.example" }),
    ],
    [
      "right after a request that is malformed",
      "/connect",
      (path) => upgradeRequest(path, { "Sec-WebSocket-Key": "x" }),
    ],
    [
      "with a command behind the request",
      "/connect",
      (path) => `${upgradeRequest(path)}${frame(TEXT, '{"id":1,"connect":{}}').toString("latin1")}`,
    ],
  ];

  it.each(moments)("reset %s", async (_, path, request) => {
    const raw = await dial(served.port);
    raw.socket.write(request(path), "latin1", () => raw.socket.resetAndDestroy());
    await raw.ended;
  });

  it("a socket that is closed on one side only is closed on the other", async () => {
    const raw = await upgrade(served.port);
    raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
    expect((await raw.frame()).opcode).toBe(TEXT);
    raw.socket.end();
    expect(await raw.ended).toBe("end");
  });

  it("a socket that is closed on one side before the handshake is answered", async () => {
    const raw = await dial(served.port);
    raw.socket.end("GET /connect HTTP/1.1\r\nHost: a\r\n");
    expect(["end", "reset"]).toContain(await raw.ended);
  });

  it("a reset with commands under way", async () => {
    const raw = await upgrade(served.port);
    const commands = Array.from({ length: 100 }, (_, id) =>
      JSON.stringify({ id, publish: "chat/a", data: id }),
    );
    raw.write(
      Buffer.concat([
        frame(TEXT, '{"id":1,"connect":{"subs":{"chat/a":{}}}}'),
        frame(TEXT, commands.join("\n")),
      ]),
    );
    await raw.frame();
    raw.socket.resetAndDestroy();
    await raw.ended;
  });
});

describe("K2: time to connect", () => {
  it("silence is closed with 4003", async () => {
    const client = await open(served.url);
    expect(await client.closed).toEqual({ code: 4003, reason: "no connect command within 400 ms" });
  });

  it("commands that are refused do not extend it", async () => {
    const client = await open(served.url);
    client.send({ id: 1, subscribe: "chat/a" }, "{}", { id: 2, connect: { token: 7 } });
    expect(await client.answer(2)).toMatchObject({ error: { code: "bad_request" } });
    expect((await client.closed).code).toBe(4003);
  });
});

describe("too much of something", () => {
  it("S5, K7: 10,000 subscriptions as commands: each is answered, 1,000 at most with ok", async () => {
    const client = await connect(served.url);
    for (let i = 0; i < 10_000; i += 200) {
      client.send(...Array.from({ length: 200 }, (_, j) => ({ id: i + j, subscribe: `chat/${i + j}` })));
    }
    const answered = client.until(() => (client.lines.length === 10_000 ? true : undefined));
    // A fast machine gets to the end of the server's patience (K8), a slow one to its answers.
    const [{ status }] = await Promise.allSettled([answered]);
    if (status === "rejected") expect((await client.closed).code).toBe(4005);
    const outcomes = new Map<string, number>();
    for (const line of client.lines) {
      const outcome = (line as { error?: { code: string } }).error?.code ?? "ok";
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(
      [...outcomes.keys()].filter((code) => !["ok", "rate_limited", "limit_reached"].includes(code)),
    ).toEqual([]);
    expect(outcomes.get("ok")).toBeLessThanOrEqual(1000);
  });

  it("K7: what is over the rate is answered with rate_limited, and with when to come again", async () => {
    const client = await connect(served.url);
    client.send(...Array.from({ length: 500 }, (_, id) => ({ id, call: "echo", data: id })));
    const refused = await client.take((line) => "error" in line);
    expect(refused).toMatchObject({
      error: { code: "rate_limited", retry: true, after: expect.any(Number) },
    });
  });

  it("K7: a flood of pings is refused like any other", async () => {
    const client = await connect(served.url);
    client.send("{}\n".repeat(2000));
    expect(await client.take((line) => "error" in line)).toMatchObject({ error: { code: "rate_limited" } });
  });

  it("a frame of 40,000 blank lines", async () => {
    const client = await connect(served.url);
    client.send("\n".repeat(100_000));
    await client.settled();
  });

  it("a million fragments of nothing", async () => {
    const raw = await upgrade(served.port);
    raw.write(frame(TEXT, "", { fin: false }));
    raw.write(Buffer.concat(Array.from({ length: 20_000 }, () => frame(0, "", { fin: false }))));
    raw.write(frame(0, '{"id":1,"connect":{}}'));
    const answer = await raw.frame();
    expect([TEXT, CLOSE]).toContain(answer.opcode);
  });

  it("K19, G6: WebSocket pings without end from a peer that does not read the pongs", async ({
    onTestFinished,
  }) => {
    // Where nothing else stops it.
    const unlimited = tidemark({ ...quiet, limits: { frames: false, bytes: false } });
    const own = createServer();
    unlimited.attach(own);
    let held: Socket | undefined;
    own.on("connection", (socket: Socket) => (held = socket));
    await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      await unlimited.close();
      own.close();
    });
    const raw = await upgrade((own.address() as AddressInfo).port);
    raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
    await raw.frame();
    raw.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(PING, "p".repeat(125))));
    // 32 MB of pings: what the server would say to them fits into no socket's buffer.
    for (let i = 0; i < 500; i++)
      if (!raw.socket.write(pings)) await new Promise((resolve) => raw.socket.once("drain", resolve));
    expect(held?.writableLength).toBeLessThan(64 * 1024);
  });

  it("K16, S9: subscriptions that are refused leave nothing behind", async () => {
    const client = await connect(served.url);
    const start = await heap();
    for (let i = 0; i < 300; i++) client.send({ id: i, subscribe: `nowhere/${i}/${"x".repeat(200)}` });
    await client.answer(299);
    expect((await heap()) - start).toBeLessThan(4 * 1024 * 1024);
  });
});

/** What is in use. One collection leaves what another one finds, and buffers go between two; so until nothing more goes. */
async function heap(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let least = Infinity;
  for (let i = 0; i < 20; i++) {
    collect();
    await new Promise(setImmediate);
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + external + arrayBuffers;
    if (i > 1 && now > least - 64 * 1024) break;
    least = Math.min(least, now);
  }
  return least;
}

describe("G6: at the end", () => {
  /** One attacker after the other, each with what costs most. */
  async function attack(rounds: number): Promise<void> {
    const raws: Raw[] = [];
    for (let i = 0; i < rounds; i++) {
      const raw = await upgrade(served.port);
      raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
      raw.write(
        frame(
          TEXT,
          `${JSON.stringify({ id: 2, publish: "chat/big", data: "x".repeat(60_000) })}\n${"{}\n".repeat(300)}`,
        ),
      );
      raw.write(frame(TEXT, "rubbish"));
      raws.push(raw);
    }
    await Promise.all(raws.map((raw) => raw.closeFrame()));
    for (const raw of raws) raw.socket.destroy();
    for (const raw of raws) raw.received = Buffer.alloc(0);
    if (sockets.size > 0) await new Promise<void>((resolve) => (emptied = resolve));
  }

  it("300 more attackers leave no more memory in use than the first 100 did", async () => {
    await attack(100);
    memoryBefore = await heap();
    for (let i = 0; i < 3; i++) await attack(100);
    expect((await heap()) - memoryBefore).toBeLessThan(4 * 1024 * 1024);
    expect(app.stats.connections).toBe(1);
  });
});
