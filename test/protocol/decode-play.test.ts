/** What clients say to rooms: fields of subscribe, and arrays. */
import { describe, expect, test } from "vitest";
import {
  CommandError,
  NotACommand,
  decodeCommand,
  decodeInput,
  type Command,
} from "../../src/protocol/index.js";

function optionsOf(fields: Record<string, unknown>): object {
  const command = decodeCommand({ value: { id: 1, subscribe: "arena/1", ...fields }, bytes: undefined });
  return (command as Command & { do: "subscribe" }).options;
}

describe("a subscribe command to a room", () => {
  test("R32: plays with what is given to join, null too", () => {
    expect(optionsOf({ join: { name: "ann" } })).toEqual({ join: { name: "ann" } });
    expect(optionsOf({ join: null })).toEqual({ join: null });
    expect(Object.hasOwn(optionsOf({}), "join")).toBe(false);
  });

  test("R32: has all its fields", () => {
    const fields = {
      kind: "room",
      cursor: "abcdefgh:17",
      secret: "abcdefghijklmnop",
      had: true,
      match: { mode: "ffa", "": "" },
      budget: 4000,
    };
    expect(optionsOf(fields)).toEqual(fields);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ secret: "short" }, "secret must be a text of 16 to 64"],
    [{ secret: "x".repeat(65) }, "secret must be"],
    [{ secret: "sixteen letters!" }, "secret must be"],
    [{ secret: null }, "secret must be"],
    [{ had: "yes" }, "had must be true or false"],
    [{ match: [] }, "match takes an object"],
    [{ match: { mode: 5 } }, "match takes an object"],
    [{ match: { mode: "ü".repeat(33) } }, "match takes an object"],
    [{ match: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`m${i}`, "a"])) }, "at most 8"],
    [{ budget: 10 }, "budget must be a whole number from 256"],
    [{ budget: "4000" }, "budget must be"],
    [{ kind: "rooms" }, "kind must be one of stream, transient, state, room"],
  ])("W16: %j is bad_request", (fields, message) => {
    expect(() => optionsOf({ join: null, ...fields })).toThrow(CommandError);
    expect(() => optionsOf({ join: null, ...fields })).toThrow(message);
  });

  test("W20: names of its match may be anything, and have no effect", () => {
    const { match } = optionsOf({ match: JSON.parse('{"__proto__":"a","constructor":"b"}') as object }) as {
      match: Record<string, string>;
    };
    expect(Object.entries(match)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect(Object.getPrototypeOf(match)).toBeNull();
  });
});

describe("an array", () => {
  test("R34: is an input, with what was seen or without", () => {
    expect(decodeInput([5, 1, { dx: 1 }])).toEqual({ to: 5, n: 1, input: { dx: 1 }, seen: undefined });
    expect(decodeInput([5, 0, null, 17])).toEqual({ to: 5, n: 0, input: null, seen: 17 });
    expect(decodeInput(["arena/1", 2, [1], null])).toEqual({
      to: "arena/1",
      n: 2,
      input: [1],
      seen: undefined,
    });
  });

  test.each<[readonly unknown[]]>([
    [[]],
    [[5]],
    [[5, 1]],
    [[5, "1", {}]],
    [[5, -1, {}]],
    [[5, 1.5, {}]],
    [[5, 2 ** 53, {}]],
    [[-5, 1, {}]],
    [[null, 1, {}]],
    [["a\u0007", 1, {}]],
    [["", 1, {}]],
    [[5, 1, {}, -1]],
    [[5, 1, {}, "1"]],
    [[5, 1, {}, {}]],
    [[5, 1, {}, 1, 1]],
  ])("W7: %j is none", (line) => {
    expect(() => decodeInput(line)).toThrow(NotACommand);
  });
});
