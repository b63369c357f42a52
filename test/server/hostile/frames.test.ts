/** Frames that cannot be read, over real sockets. */
import { describe, expect, it } from "vitest";
import { connect, open } from "../support/client.js";
import { BINARY, CLOSE, PING, PONG, TEXT, closing, frame, upgrade } from "../support/raw.js";
import { served, underAttack } from "../support/attacked.js";

underAttack();

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
  ["a message, as a server sends them", '[1,2,{"text":"hi"}]', 1008, /has no seat on channel 1/],
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
