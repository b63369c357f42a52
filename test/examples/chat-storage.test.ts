import { describe, expect, test } from "vitest";
import {
  cleanName,
  loadIdentity,
  newClaim,
  randomKey,
  saveIdentity,
  tokenOf,
} from "../../examples/chat/page/identity.js";
import { ReadPositions } from "../../examples/chat/page/read-positions.js";
import { forgetRoom, loadRooms, saveRoom, STARTING_ROOMS } from "../../examples/chat/page/room-names.js";

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
  test("is kept, and so is the secret when the name changes", () => {
    const kept = storage();
    const ann = { ...newClaim("Ann"), id: "id-of-ann" };
    saveIdentity(ann, kept);
    expect(loadIdentity(kept)).toEqual(ann);
    saveIdentity({ ...ann, name: "Anna" }, kept);
    expect(loadIdentity(kept)).toEqual({ ...ann, name: "Anna" });
  });

  test("is for this visit only, when nothing can be kept", () => {
    const broken = storage({}, true);
    saveIdentity({ ...newClaim("Ann"), id: "id-of-ann" }, broken);
    expect(loadIdentity(broken)).toBeUndefined();
  });

  test.each([
    "",
    "null",
    "{",
    "[]",
    '{"id":"an old one","name":"Ann"}',
    '{"id":"a","secret":"short","name":"Ann"}',
    '{"id":"a","secret":"long enough for it","name":" "}',
  ])("is asked for again when %j was kept", (text) => {
    expect(loadIdentity(storage({ "tidemark-chat-me": text }))).toBeUndefined();
  });

  test("is shown to the server by the secret, and never to others", () => {
    const ann = { secret: "1234567890123456", name: "Ann" };
    expect(JSON.parse(tokenOf(ann))).toEqual(ann);
  });

  test("has a secret that is random, and too long to be guessed", () => {
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

  test("loses a room that is left", () => {
    const kept = storage();
    for (const room of ["tides", "boats"]) saveRoom(room, kept);
    forgetRoom("tides", kept);
    expect(loadRooms(kept)).toEqual([...STARTING_ROOMS, "boats"]);
    forgetRoom("boats", storage({}, true));
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

describe("how far one has read", () => {
  test("is kept for each room, and never goes back", () => {
    const kept = storage();
    const positions = new ReadPositions(kept);
    positions.set("general", 20);
    positions.set("general", 10);
    positions.set("help", 5);
    expect(["general", "help", "random"].map((room) => new ReadPositions(kept).of(room))).toEqual([20, 5, 0]);
  });

  test.each(["", "{", "[1]", "null", '{"general":"x"}', '{"general":-1}'])(
    "is nothing when %j was kept",
    (text) => {
      expect(new ReadPositions(storage({ "tidemark-chat-read": text })).of("general")).toBe(0);
    },
  );

  test("is forgotten when nothing can be kept", () => {
    const positions = new ReadPositions(storage({}, true));
    positions.set("general", 20);
    expect(positions.of("general")).toBe(0);
  });
});
