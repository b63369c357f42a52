import { describe, expect, test } from "vitest";
import {
  cleanName,
  loadIdentity,
  randomKey,
  saveIdentity,
  tokenOf,
} from "../../examples/chat/page/identity.js";
import { loadRooms, saveRoom, STARTING_ROOMS } from "../../examples/chat/page/room-names.js";

/** A browser's storage, or one that is as broken as `fails` says. */
function storage(content: Record<string, string> = {}, fails = false): Storage {
  const items = new Map(Object.entries(content));
  return {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    key: (nth) => [...items.keys()][nth] ?? null,
    getItem: (key) => items.get(key) ?? null,
    removeItem: (key) => items.delete(key),
    setItem: (key, value) => {
      if (fails) throw new Error("the quota is used up");
      items.set(key, value);
    },
  };
}

describe("who one is", () => {
  test("is kept, and the id stays when the name changes", () => {
    const kept = storage();
    const ann = saveIdentity("Ann", undefined, kept);
    expect(loadIdentity(kept)).toEqual(ann);
    const anna = saveIdentity("Anna", ann, kept);
    expect(anna).toEqual({ id: ann.id, name: "Anna" });
    expect(loadIdentity(kept)).toEqual(anna);
  });

  test("is made up for this visit, when nothing can be kept", () => {
    expect(saveIdentity("Ann", undefined, storage({}, true))).toMatchObject({ name: "Ann" });
  });

  test.each(["", "null", "{", "[]", '{"id":"short","name":"Ann"}', '{"id":"long enough","name":" "}'])(
    "is asked for again when %j was kept",
    (text) => {
      expect(loadIdentity(storage({ "tidemark-chat-me": text }))).toBeUndefined();
    },
  );

  test("is the token", () => {
    expect(JSON.parse(tokenOf({ id: "1234567890", name: "Ann" }))).toEqual({
      id: "1234567890",
      name: "Ann",
    });
  });

  test("has an id that is random, and long enough to be alone", () => {
    const ids = new Set(Array.from({ length: 1000 }, randomKey));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{22}$/);
  });
});

test.each([
  ["Ann", "Ann"],
  ["  Ann \n Lee ", "Ann Lee"],
  ["x".repeat(50), "x".repeat(40)],
  [`${"x".repeat(39)}😀`, "x".repeat(39)],
  ["🐙", "🐙"],
  [" \u200b ", undefined],
  ["", undefined],
])("the name %j becomes %j", (typed, expected) => {
  expect(cleanName(typed)).toBe(expected);
});

describe("the list of rooms", () => {
  test("begins with those that everyone sees, and goes on with those visited", () => {
    const kept = storage();
    for (const room of ["tides", "general", "boats", "tides"]) saveRoom(room, kept);
    expect(loadRooms(kept)).toEqual([...STARTING_ROOMS, "tides", "boats"]);
  });

  test("forgets the oldest, when there are many", () => {
    const kept = storage();
    for (let i = 0; i < 30; i++) saveRoom(`room-${i}`, kept);
    expect(loadRooms(kept)).toHaveLength(STARTING_ROOMS.length + 20);
    expect(loadRooms(kept).at(-1)).toBe("room-29");
  });

  test("survives what is no list", () => {
    for (const text of ["", "{", "{}", "[1, null]"]) {
      expect(loadRooms(storage({ "tidemark-chat-rooms": text }))).toEqual(STARTING_ROOMS);
    }
  });
});
