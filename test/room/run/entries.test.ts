import { expect, test } from "vitest";
import type { TickEntry } from "../../../src/server/kinds/room/run/entering.js";
import { decodeEntry, encodeEntry } from "../../../src/server/kinds/room/run/entries.js";
import { programOf } from "./programs.js";
import { codeOf } from "./support.js";

const ALL: TickEntry = {
  tick: 7,
  at: 12.5,
  entered: [
    { is: "join", seat: "a", user: { id: 1 }, join: [null] },
    { is: "join", seat: "b", user: null, join: null, over: true },
    { is: "reserve", seat: "c", ms: 500 },
    { is: "leave", seat: "a", why: "kicked" },
    { is: "here", seat: "a" },
    { is: "here", seat: "a", from: 3 },
    { is: "away", seat: "ü" },
    { is: "input", seat: "a", n: 1, input: { dx: 0.1 } },
    { is: "input", seat: "a", n: 2, input: null, seen: 6 },
    { is: "seen", seat: "a", tick: 0 },
    { is: "send", event: "kill", json: '{"by":"a"}' },
    { is: "send", event: "kill", json: "1", to: "a" },
    { is: "close", reason: "over" },
  ],
};

test("R13: an entry is read as it was written, whatever entered", () => {
  expect(decodeEntry(encodeEntry(ALL))).toEqual(ALL);
  for (const [tick, entered] of programOf(1, 200).entries())
    expect(decodeEntry(encodeEntry({ tick: tick + 1, entered }))).toEqual({ tick: tick + 1, entered });
});

test.each([
  ["nothing", ""],
  ["no list", "{}"],
  ["no tick", "[]"],
  ["a tick that is none", "[0,null]"],
  ["a time that is none", '[1,"now"]'],
  ["something unknown", '[1,null,["toString","a"]]'],
  ["too little", '[1,null,["away"]]'],
  ["too much", '[1,null,["away","a",1]]'],
  ["a number that is none", '[1,null,["input","a",0,null,null]]'],
  ["a reason that is none", '[1,null,["leave","a","bored"]]'],
  ["a seat that is none", '[1,null,["away",7]]'],
])("R13: an entry with %s is refused", (_what, text) => {
  expect(codeOf(() => decodeEntry(text))).toBe("bad_entry");
});
