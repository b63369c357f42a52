import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CommandError,
  NotACommand,
  channelNameProblem,
  decodeCommand,
  isOffset,
  parseCursor,
  readTextLines,
  type Command,
  type Line,
} from "../../src/protocol/index.js";

function decode(text: string, bytes?: Uint8Array): Command {
  return decodeCommand({ value: JSON.parse(text) as unknown, bytes });
}

function refusal(text: string, bytes?: Uint8Array): { code: string; message: string; id: unknown } {
  try {
    decode(text, bytes);
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error(`${text} was taken for a command`);
}

const SECRET = "0123456789abcdef";

describe("the commands of the protocol's page", () => {
  test("connect", () => {
    expect(decode('{"connect":{}}')).toEqual({
      do: "connect",
      id: undefined,
      token: undefined,
      publisher: undefined,
      subs: new Map(),
    });
    const subs = `{"chat/general":{"cursor":"k3x:889192448000123"},"b":{"last":5,"kind":"stream"},"c":{"since":7}}`;
    expect(decode(`{"id":1,"connect":{"token":"t","publisher":"${SECRET}","subs":${subs},"new":1}}`)).toEqual(
      {
        do: "connect",
        id: 1,
        token: "t",
        publisher: SECRET,
        subs: new Map<string, object>([
          ["chat/general", { cursor: "k3x:889192448000123" }],
          ["b", { last: 5, kind: "stream" }],
          ["c", { since: 7 }],
        ]),
      },
    );
  });

  test("subscribe, unsubscribe, members", () => {
    expect(decode('{"id":2,"subscribe":"chat/lobby","last":0}')).toEqual({
      do: "subscribe",
      id: 2,
      channel: "chat/lobby",
      options: { last: 0 },
    });
    expect(decode('{"subscribe":"c","kind":"transient"}')).toMatchObject({
      options: { kind: "transient" },
    });
    expect(decode('{"id":7,"unsubscribe":"c"}')).toEqual({ do: "unsubscribe", id: 7, channel: "c" });
    expect(decode('{"id":0,"members":"c"}')).toEqual({ do: "members", id: 0, channel: "c" });
  });

  test("publish, of JSON and of bytes", () => {
    expect(decode('{"id":3,"publish":"c","data":{"text":"hi"},"idem":"b7-1"}')).toEqual({
      do: "publish",
      id: 3,
      channel: "c",
      data: { text: "hi" },
      bytes: undefined,
      idem: "b7-1",
      first: false,
      age: 0,
    });
    const bytes = Uint8Array.of(1, 2);
    const line = '{"publish":"c","data":null,"bytes":2,"idem":7,"first":true,"age":1500}';
    expect(decode(line, bytes)).toEqual({
      do: "publish",
      id: undefined,
      channel: "c",
      data: null,
      bytes,
      idem: 7,
      first: true,
      age: 1500,
    });
    expect(decode('{"publish":"c","bytes":2}', bytes)).toMatchObject({ data: null, bytes });
    for (const data of ["null", "false", "0", '""', "[]"]) {
      expect(decode(`{"publish":"c","data":${data}}`)).toMatchObject({ data: JSON.parse(data) });
    }
    expect(() => decode('{"publish":"c","data":1,"first":1}')).toThrow("first must be true or false");
  });

  test("history and call", () => {
    expect(decode('{"id":4,"history":"c","before":889192448000123,"limit":50}')).toEqual({
      do: "history",
      id: 4,
      channel: "c",
      before: 889192448000123,
      limit: 50,
    });
    expect(decode('{"history":"c","after":0}')).toMatchObject({ after: 0 });
    expect(decode('{"history":"c","since":1700000000000}')).toMatchObject({ since: 1700000000000 });
    expect(decode('{"id":6,"call":"sum","data":[1,2]}')).toEqual({
      do: "call",
      id: 6,
      method: "sum",
      data: [1, 2],
    });
    expect(decode('{"call":"now"}')).toMatchObject({ data: undefined });
  });

  test("a ping is an empty object", () => {
    expect(decode("{}")).toEqual({ do: "ping" });
  });
});

describe("what is seen of a channel of keys", () => {
  test("is a prefix or a list of keys, at a rate, and a view that comes back", () => {
    expect(
      decode('{"subscribe":"c","kind":"state","rate":0.5,"prefix":"a/","view":"h7Qd","cursor":"e:1"}'),
    ).toEqual({
      do: "subscribe",
      id: undefined,
      channel: "c",
      options: { kind: "state", rate: 0.5, prefix: "a/", view: "h7Qd", cursor: "e:1" },
    });
    expect(decode('{"subscribe":"c","keys":["a","__proto__"]}')).toMatchObject({
      options: { keys: ["a", "__proto__"] },
    });
  });
});

describe("a cursor", () => {
  test("wins over the other starts", () => {
    expect(decode('{"subscribe":"c","cursor":"e:1","last":5}')).toMatchObject({
      options: { cursor: "e:1" },
    });
    expect(decode('{"subscribe":"c","cursor":"e:1","last":5}')).not.toHaveProperty("options.last");
  });
});

describe("what is no command", () => {
  test.each(["[]", "[1]", "1", '"subscribe"', "true", "null"])("%s is refused for good", (text) => {
    expect(() => decode(text)).toThrow(NotACommand);
    expect(() => decode(text)).toThrow(/^a command is an object such as .*, not (a|null)/);
  });

  test("an object without a known command is answered, to its id", () => {
    expect(refusal('{"id":9,"subscrible":"c"}')).toMatchObject({ code: "unknown_command", id: 9 });
    expect(refusal('{"id":9}')).toMatchObject({ code: "unknown_command", id: 9 });
    expect(refusal('{"data":1}')).toMatchObject({ code: "unknown_command", id: undefined });
  });

  test("prototypes lend nobody a command or an option", () => {
    expect(refusal('{"__proto__":{"publish":"c","data":1}}').code).toBe("unknown_command");
    expect(refusal('{"constructor":"c"}').code).toBe("unknown_command");
    expect(refusal('{"__proto__":{"id":1},"subscribe":7}').id).toBeUndefined();
    expect(decode('{"subscribe":"c","__proto__":{"cursor":"no cursor"}}')).toMatchObject({
      options: {},
    });
    expect(refusal('{"publish":"c","__proto__":{"data":1}}').message).toContain("data");
    const inherited = Object.create({ publish: "c", data: 1 }) as object;
    expect(decodeCommand({ value: inherited, bytes: undefined })).toEqual({ do: "ping" });
  });

  test("names from the prototype are channels and methods like any other", () => {
    const command = decode('{"connect":{"subs":{"__proto__":{"last":1},"constructor":{}}}}');
    expect(command.do === "connect" && [...command.subs]).toEqual([
      ["__proto__", { last: 1 }],
      ["constructor", {}],
    ]);
    expect(decode('{"call":"__proto__"}')).toMatchObject({ method: "__proto__" });
    const publish = decode('{"publish":"__proto__","data":{"__proto__":{"x":1}}}');
    expect(publish.do === "publish" && JSON.stringify(publish.data)).toBe('{"__proto__":{"x":1}}');
  });
});

describe("a malformed command", () => {
  const long = (length: number): string => "x".repeat(length);
  test.each([
    ['{"id":-1,"members":"c"}', "id"],
    ['{"id":1.5,"members":"c"}', "id"],
    ['{"id":"1","members":"c"}', "id"],
    ['{"id":null,"members":"c"}', "id"],
    ['{"id":9007199254740992,"members":"c"}', "id"],
    ['{"subscribe":"c","publish":"c"}', "subscribe and publish"],
    ['{"subscribe":1}', "not a number"],
    ['{"subscribe":null}', "not null"],
    ['{"subscribe":{}}', "not an object"],
    ['{"subscribe":["c"]}', "not an array"],
    ['{"subscribe":""}', "1 to 255"],
    ['{"subscribe":"a\\nb"}', "control"],
    [`{"subscribe":"${long(256)}"}`, "255"],
    ['{"members":"\\ud800"}', "Unicode"],
    ['{"subscribe":"c","cursor":"x"}', "epoch:offset"],
    ['{"subscribe":"c","cursor":1}', "cursor"],
    [`{"subscribe":"c","cursor":"e:${long(63)}"}`, "cursor"],
    ['{"subscribe":"c","last":-1}', "last"],
    ['{"subscribe":"c","last":1001}', "last"],
    ['{"subscribe":"c","last":"5"}', "last"],
    ['{"subscribe":"c","last":null}', "last"],
    ['{"subscribe":"c","since":-1}', "since"],
    ['{"subscribe":"c","since":1,"last":1}', "exclude"],
    ['{"subscribe":"c","kind":"rooms"}', "kind"],
    ['{"subscribe":"c","rate":-1}', "rate"],
    ['{"subscribe":"c","rate":"5"}', "rate"],
    ['{"subscribe":"c","keys":[]}', "keys"],
    ['{"subscribe":"c","keys":[1]}', "keys"],
    [`{"subscribe":"c","keys":["${long(257)}"]}`, "keys"],
    [`{"subscribe":"c","keys":${JSON.stringify(Array.from({ length: 1001 }, () => "k"))}}`, "keys"],
    [`{"subscribe":"c","prefix":"${long(257)}"}`, "prefix"],
    ['{"subscribe":"c","keys":["a"],"prefix":"b"}', "exclude each other"],
    ['{"subscribe":"c","view":""}', "view"],
    ['{"subscribe":"c","kind":["stream"]}', "kind"],
    ['{"publish":"c"}', "data"],
    ['{"publish":1,"data":1}', "publish"],
    ['{"publish":"c","data":1,"idem":""}', "idem"],
    [`{"publish":"c","data":1,"idem":"${long(129)}"}`, "idem"],
    ['{"publish":"c","data":1,"idem":-1}', "idem"],
    ['{"publish":"c","data":1,"idem":null}', "idem"],
    ['{"publish":"c","data":1,"idem":true}', "idem"],
    ['{"publish":"c","data":1,"age":-1}', "age"],
    ['{"publish":"c","data":1,"age":"1"}', "age"],
    ['{"history":"c","before":1,"after":1}', "before and after exclude"],
    ['{"history":"c","before":null}', "before"],
    ['{"history":"c","since":1.5}', "since"],
    ['{"history":"c","limit":0}', "limit"],
    ['{"history":"c","limit":1001}', "limit"],
    ['{"call":1}', "call"],
    ['{"call":""}', "call"],
    [`{"call":"${long(256)}"}`, "call"],
    ['{"connect":1}', "connect"],
    ['{"connect":null}', "connect"],
    ['{"connect":[]}', "connect"],
    ['{"connect":{"token":1}}', "token"],
    [`{"connect":{"token":"${long(16_385)}"}}`, "token"],
    ['{"connect":{"publisher":"short"}}', "publisher"],
    [`{"connect":{"publisher":"${long(129)}"}}`, "publisher"],
    ['{"connect":{"subs":[]}}', "subs"],
    ['{"connect":{"subs":{"c":1}}}', 'subs takes an object for "c"'],
    ['{"connect":{"subs":{"":{}}}}', "1 to 255"],
    ['{"connect":{"subs":{"c":{"cursor":"x"}}}}', "epoch:offset"],
  ])("%s is answered with what is wrong: %s", (text, why) => {
    const { code, message } = refusal(text);
    expect(code).toBe("bad_request");
    expect(message).toContain(why);
  });

  test("has either data or bytes, not both", () => {
    const bytes = Uint8Array.of(1);
    expect(refusal('{"id":4,"publish":"c","data":1,"bytes":1}', bytes)).toMatchObject({ id: 4 });
    expect(refusal('{"publish":"c","data":"","bytes":1}', bytes).message).toContain("null");
  });
});

describe("whatever a client sends", () => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.integer(),
    fc.string({ unit: "binary" }),
    fc.constantFrom<unknown>("c", "e:1", 0, 1, {}, [], null, true, -1, 2 ** 53, "__proto__"),
  );
  const start = fc.record({ cursor: odd, last: odd, since: odd, kind: odd }, { requiredKeys: [] });
  const subs = fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), fc.oneof(odd, start));
  const connect = fc.record({ token: odd, publisher: odd, subs: fc.oneof(odd, subs) }, { requiredKeys: [] });
  const command = fc.record(
    {
      id: odd,
      connect: fc.oneof(odd, connect),
      subscribe: odd,
      unsubscribe: odd,
      publish: odd,
      history: odd,
      members: odd,
      call: odd,
      data: odd,
      idem: odd,
      first: odd,
      age: odd,
      cursor: odd,
      last: odd,
      since: odd,
      before: odd,
      after: odd,
      limit: odd,
      kind: odd,
    },
    { requiredKeys: [] },
  );
  /** One verb most of the time: two are refused before anything else is looked at. */
  const verbs = ["connect", "subscribe", "unsubscribe", "publish", "history", "members", "call"];
  const oneVerb = fc
    .tuple(command, fc.constantFrom(...verbs))
    .map(([fields, kept]) =>
      Object.fromEntries(Object.entries(fields).filter(([name]) => name === kept || !verbs.includes(name))),
    );
  const bytes = fc.option(fc.uint8Array({ maxLength: 4 }), { nil: undefined });

  function checkSound(read: Command): void {
    if ("id" in read) expect(read.id === undefined || isOffset(read.id)).toBe(true);
    if ("channel" in read) expect(channelNameProblem(read.channel)).toBeUndefined();
    if (read.do === "connect") {
      for (const [name, options] of read.subs) {
        expect(channelNameProblem(name)).toBeUndefined();
        if (options.cursor !== undefined) expect(parseCursor(options.cursor)).toBeDefined();
      }
      expect(["string", "undefined"]).toContain(typeof read.token);
      expect(["string", "undefined"]).toContain(typeof read.publisher);
    }
    if (read.do === "subscribe") {
      const { last, since, kind } = read.options;
      expect(last === undefined || (isOffset(last) && last <= 1000)).toBe(true);
      expect(since === undefined || isOffset(since)).toBe(true);
      expect(["stream", "transient", undefined]).toContain(kind);
    }
    if (read.do === "publish") {
      expect(isOffset(read.age)).toBe(true);
      expect(typeof read.first).toBe("boolean");
      expect(read.bytes === undefined || read.data === null).toBe(true);
      const { idem } = read;
      expect(idem === undefined || isOffset(idem) || typeof idem === "string").toBe(true);
    }
    if (read.do === "history") {
      const { before, after, since, limit } = read;
      for (const place of [before, after, since, limit]) {
        expect(place === undefined || isOffset(place)).toBe(true);
      }
    }
    if (read.do === "call") expect(typeof read.method).toBe("string");
  }

  function total(line: Line): void {
    let read: Command;
    try {
      read = decodeCommand(line);
    } catch (error) {
      if (error instanceof CommandError) {
        expect(["bad_request", "unknown_command"]).toContain(error.code);
        expect(error.id === undefined || isOffset(error.id)).toBe(true);
      } else if (!(error instanceof NotACommand)) throw error;
      return;
    }
    checkSound(read);
  }

  test("is a sound command or one of the two errors", () => {
    fc.assert(
      fc.property(fc.oneof(odd, command, oneVerb), bytes, (value, more) => {
        total({ value, bytes: more });
      }),
      { numRuns: 3000 },
    );
  });

  test("is so on the way through a frame, too", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(oneVerb, fc.jsonValue()), { maxLength: 4 }), (values) => {
        const frame = values.map((value) => JSON.stringify(value) ?? "null").join("\n");
        // Only the frame reader's own error may stop a frame, and there is nothing for it to find here.
        for (const line of readTextLines(frame)) total(line);
      }),
      { numRuns: 500 },
    );
  });

  test("is so for values that no JSON can hold", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        total({ value, bytes: undefined });
      }),
      { numRuns: 1000 },
    );
  });
});
