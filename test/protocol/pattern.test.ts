import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PatternTable, fillPattern } from "../../src/protocol/index.js";

function table(...patterns: string[]): PatternTable<string> {
  return new PatternTable(patterns.map((pattern) => [pattern, pattern] as const));
}

function find(name: string, ...patterns: string[]): [string, Record<string, string>] | undefined {
  const found = table(...patterns).find(name);
  return found && [found.value, { ...found.params }];
}

describe("a pattern", () => {
  test("A1: matches names of its shape, and gives the parameters", () => {
    expect(find("chat/general", "chat/:id")).toEqual(["chat/:id", { id: "general" }]);
    expect(find("a/1/b/2", "a/:x/b/:y")).toEqual(["a/:x/b/:y", { x: "1", y: "2" }]);
    expect(find("lobby", "lobby")).toEqual(["lobby", {}]);
    expect(find("anything", ":all")).toEqual([":all", { all: "anything" }]);
  });

  test.each(["chat", "chat/", "chat/a/b", "Chat/a", "/chat/a", "chat//", "chats/a", "", "chat/%"])(
    "chat/:id does not match %j",
    (name) => {
      expect(find(name, "chat/:id")).toBeUndefined();
    },
  );

  test("A1: decodes what it matched, within one segment", () => {
    expect(find("chat/a%2Fb", "chat/:id")).toEqual(["chat/:id", { id: "a/b" }]);
    expect(find("chat/%F0%9F%98%80", "chat/:id")?.[1]).toEqual({ id: "😀" });
    expect(find("chat/😀 é", "chat/:id")?.[1]).toEqual({ id: "😀 é" });
    expect(find("chat/%ff", "chat/:id")).toBeUndefined();
    expect(find("chat/%E0%A4%A", "chat/:id")).toBeUndefined();
  });

  test("A19: matches every spelling of its literal segments, and no other pattern takes one of them", () => {
    for (const name of ["ch%61t/a", "%63%68%61%74/a", "chat/%61"])
      expect(find(name, "chat/:id", ":kind/:id")).toEqual(["chat/:id", { id: "a" }]);
    expect(find("caf%c3%a9/a", "café/:id")?.[0]).toBe("café/:id");
    expect(find("café/a", "caf%C3%A9/:id")?.[0]).toBe("caf%C3%A9/:id");
    expect(find("room%3A1", "room:1")?.[0]).toBe("room:1");
    expect(() => table("café/:id", "caf%C3%A9/:name")).toThrow("match the same names");
  });

  test("may name its parameters as it likes", () => {
    const params = table("a/:__proto__/:constructor").find("a/x/y")?.params;
    expect(Object.getPrototypeOf(params ?? {})).toBeNull();
    expect(Object.entries(params ?? {})).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });
});

describe("of several patterns", () => {
  test("A2: a literal segment beats a parameter, from the left, in whatever order they were given", () => {
    const patterns = ["a/:x", "a/b", ":w/b", ":w/:x", "a/:x/c", "a/b/:y", ":w/b/c"];
    for (const order of [patterns, [...patterns].reverse()]) {
      expect(find("a/b", ...order)?.[0]).toBe("a/b");
      expect(find("a/z", ...order)?.[0]).toBe("a/:x");
      expect(find("z/b", ...order)?.[0]).toBe(":w/b");
      expect(find("z/z", ...order)?.[0]).toBe(":w/:x");
      expect(find("a/b/c", ...order)?.[0]).toBe("a/b/:y");
      expect(find("a/z/c", ...order)?.[0]).toBe("a/:x/c");
      expect(find("z/b/c", ...order)?.[0]).toBe(":w/b/c");
    }
  });

  test("one that cannot decode the name leaves it to the next", () => {
    expect(find("a/%", "a/:x", ":w/%")?.[0]).toBe(":w/%");
  });

  test.each([
    ["chat/:id", "chat/:room"],
    ["chat/:id", "chat/:id"],
    [":a/:b", ":b/:a"],
    ["lobby", "lobby"],
  ])("%s and %s are refused: they match the same names", (first, second) => {
    expect(() => table(first, second)).toThrow(`"${first}" and "${second}" match the same names`);
  });
});

test.each(["", "/", "a/", "/a", "a//b", ":", "a/:", ":x/:x", "a/:x/b/:x"])("%j is no pattern", (pattern) => {
  expect(() => table(pattern)).toThrow(TypeError);
});

describe("filling in a pattern", () => {
  test("encodes each parameter", () => {
    expect(fillPattern("chat/:id", { id: "general" })).toBe("chat/general");
    expect(fillPattern("a/:x/:y", { x: "1/2", y: "é ?" })).toBe("a/1%2F2/%C3%A9%20%3F");
    expect(fillPattern("lobby", {})).toBe("lobby");
    expect(fillPattern("a/:x", { x: "1", y: "not used" })).toBe("a/1");
  });

  test.each([
    ["chat/:id", {}],
    ["chat/:id", { id: "" }],
    ["chat/:constructor", {}],
    ["chat/:__proto__", {}],
    ["chat/:toString", {}],
  ])("%s refuses %j", (pattern, params) => {
    expect(() => fillPattern(pattern, params)).toThrow(TypeError);
  });

  test("gives a name that the pattern finds with the same parameters", () => {
    const text = fc.string({ unit: "binary", minLength: 1 });
    fc.assert(
      fc.property(text, text, (x, y) => {
        const name = fillPattern("a/:x/b/:y", { x, y });
        expect(find(name, "a/:x/b/:y")).toEqual(["a/:x/b/:y", { x, y }]);
      }),
    );
  });
});

test("no name makes a look-up throw", () => {
  const patterns = table("a/:x", ":w", "a/b/:y");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `a/%${text}`),
      ),
      (name) => {
        patterns.find(name);
      },
    ),
  );
});
