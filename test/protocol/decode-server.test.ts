import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeServer, type Line } from "../../src/protocol/index.js";

function decode(text: string, bytes?: Uint8Array): unknown {
  return decodeServer({ value: JSON.parse(text) as unknown, bytes });
}

describe("a client reads", () => {
  test("messages", () => {
    const line = '[8,889192448004096,{"text":"hi"},{"from":"ann"}]';
    expect(decode(line)).toEqual({ message: JSON.parse(line) as unknown });
    expect(decode("[8,1,null]")).toEqual({ message: [8, 1, null] });
  });

  test("messages of bytes, which take the payload's place", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(decode('[8,1,null,{"bytes":3}]', bytes)).toEqual({
      message: [8, 1, bytes, { bytes: 3 }],
    });
    const none = new Uint8Array(0);
    expect(decode('[8,1,null,{"bytes":0}]', none)).toMatchObject({ message: [8, 1, none, { bytes: 0 }] });
  });

  test("replies", () => {
    expect(decode('{"id":3,"ok":{"offset":5}}')).toEqual({ id: 3, ok: { offset: 5 } });
    expect(decode('{"id":0,"ok":null}')).toEqual({ id: 0, ok: null });
    const error = { code: "not_found", message: "no method 'sum'", retry: false };
    expect(decode(`{"id":6,"error":${JSON.stringify(error)}}`)).toEqual({ id: 6, error });
    expect(decode(`{"error":${JSON.stringify(error)}}`)).toEqual({
      id: undefined,
      error,
    });
  });

  test("history replies, whose bytes are dealt out to the entries that announce some", () => {
    const entries =
      '[[1,null,{"bytes":2}],[2,"text"],[3,null,{"from":"ann","bytes":0}],[4,null,{"bytes":1}]]';
    const bytes = Uint8Array.of(7, 8, 9);
    expect(decode(`{"id":4,"ok":{"entries":${entries}},"bytes":3}`, bytes)).toEqual({
      id: 4,
      ok: {
        entries: [
          [1, Uint8Array.of(7, 8), { bytes: 2 }],
          [2, "text"],
          [3, new Uint8Array(0), { from: "ann", bytes: 0 }],
          [4, Uint8Array.of(9), { bytes: 1 }],
        ],
      },
    });
  });

  test("events and pings", () => {
    const event = '{"event":"gap","ch":8,"after":1,"until":2,"epoch":"e","reason":"trimmed"}';
    expect(decode(event)).toEqual({ event: JSON.parse(event) as unknown });
    expect(decode("{}")).toEqual({});
  });

  test("nothing in what a newer server may say", () => {
    for (const line of ['{"new":1}', "1", '"text"', "null", "true"]) {
      expect(decode(line)).toEqual({});
    }
    expect(decode('{"id":1,"ok":{"new":"reply"},"bytes":1}', Uint8Array.of(1))).toMatchObject({
      ok: { new: "reply" },
    });
    expect(decode('{"id":1,"ok":null,"bytes":1}', Uint8Array.of(1))).toMatchObject({ ok: null });
  });
});

test("what a server sends by mistake does not make it throw", () => {
  const line: fc.Arbitrary<Line> = fc.record({
    value: fc.oneof(
      fc.jsonValue(),
      fc.array(fc.jsonValue()),
      fc.record(
        { id: fc.jsonValue(), ok: fc.jsonValue(), error: fc.jsonValue(), event: fc.jsonValue() },
        { requiredKeys: [] },
      ),
    ),
    bytes: fc.option(fc.uint8Array(), { nil: undefined }),
  });
  fc.assert(
    fc.property(line, (read) => {
      decodeServer(read);
    }),
    { numRuns: 1000 },
  );
});
