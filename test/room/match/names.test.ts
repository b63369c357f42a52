import { describe, expect, test } from "vitest";
import { listChannel, listingOf, valueProblem } from "../../../src/room/match.js";
import { destinationOf, travelReason } from "../../../src/room/travel.js";
import { listOf, listedId, splitName } from "../../../src/server/kinds/room/match/room-names.js";

describe("the channel of a list", () => {
  test.each([
    ["arena", ["mode"], { mode: "ffa" }, "$match/arena/mode=ffa"],
    ["arena/eu", ["mode", "map"], { map: "de dust", mode: "2v2" }, "$match/arena/eu/mode=2v2&map=de%20dust"],
    ["arena", ["mode"], {}, "$match/arena/mode="],
    ["arena", [], {}, "$match/arena/-"],
    ["arena", ["a=b"], { "a=b": "c&d=/é" }, "$match/arena/a%3Db=c%26d%3D%2F%C3%A9"],
  ])("of %s by %j is as it is read again", (name, names, match, channel) => {
    expect(listChannel(name, names, match)).toBe(channel);
    const values = new Map(names.map((one) => [one, (match as Record<string, string>)[one] ?? ""]));
    expect(listingOf(channel)).toEqual({ name, match: values });
  });

  test("is none where a value is none, or all of it is too long for a name", () => {
    expect(() => listChannel("arena", ["mode"], { mode: "x".repeat(65) })).toThrow(/match.mode has 65 bytes/);
    expect(() => listChannel("arena", ["mode"], { mode: "\ud800" })).toThrow(/match.mode is no text/);
    const long = { a: "x".repeat(64), b: "x".repeat(64), c: "x".repeat(64), d: "x".repeat(64) };
    expect(() => listChannel("arena", ["a", "b", "c", "d"], long)).toThrow(/no list of rooms "arena"/);
    expect(() => listChannel("arena", ["mode"], { mode: "a\nb" })).toThrow(/control characters/);
    expect(valueProblem(7)).toBe("is no text");
    expect(valueProblem("é".repeat(32))).toBeUndefined();
    // What an object has from elsewhere is no value of a match.
    expect(listChannel("arena", ["toString"], {})).toBe("$match/arena/toString=");
  });

  test.each([
    "arena/1",
    "$match",
    "$match/arena",
    "$match/arena/mode",
    "$match/arena/mode=a=b",
    "$match/arena/mode=a&mode=b",
    "$match/arena/mode=%E2",
    "$matches/arena/-",
  ])("is not %s", (channel) => {
    expect(listingOf(channel)).toBeUndefined();
  });

  test("may be spelled otherwise at its beginning", () => {
    expect(listingOf("%24match/arena/mode=ffa")).toEqual({
      name: "arena",
      match: new Map([["mode", "ffa"]]),
    });
  });
});

describe("the name of a room", () => {
  const id = listedId("abcdefghijklmnopqrstuv");

  test("says whether it is listed, and where", () => {
    expect(id).toBe("~abcdefghijklmno");
    const match = new Map([["mode", "ffa"]]);
    expect(listOf(`arena/${id}`, ["mode"], match)).toEqual({ list: "$match/arena/mode=ffa", id });
    expect(listOf(`arena/${id}`, [], new Map())).toEqual({ list: "$match/arena/-", id });
  });

  test("that somebody has made up is not listed, nor one that was made for something else", () => {
    const match = new Map([["mode", "ffa"]]);
    for (const channel of ["arena/1", "arena/~short", `arena/x${id}`, id, `/${id}`])
      expect(listOf(channel, ["mode"], match)).toBeUndefined();
    expect(listOf(`arena/${id}`, ["mode", "map"], match)).toBeUndefined();
    expect(listOf(`arena/${id}`, ["mode"], new Map([["mode", "x".repeat(65)]]))).toBeUndefined();
  });

  test("is cut before its last part", () => {
    expect(splitName("a/b/c")).toEqual({ name: "a/b", id: "c" });
    expect(splitName("a")).toBeUndefined();
  });
});

test("R47: a reason to end says where players go on, or it does not", () => {
  expect(destinationOf(travelReason("arena/7"))).toBe("arena/7");
  expect(destinationOf("everybody has gone to arena/7")).toBeUndefined();
  expect(destinationOf(undefined)).toBeUndefined();
});
