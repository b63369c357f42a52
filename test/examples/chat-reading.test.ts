/** Mentions, threads, searches, what is unread and who has read: all that is worked out of a room's timeline. */
import { describe, expect, test } from "vitest";
import { mentionAt, mentionsIn, offered, splitMentions } from "../../examples/chat/page/mentions.js";
import { Receipts, seenText } from "../../examples/chat/page/receipts.js";
import { rowsOf, type MessageRow, type View } from "../../examples/chat/page/rows.js";
import { searchIn, splitFound } from "../../examples/chat/page/search.js";
import { Timeline, type Message } from "../../examples/chat/page/timeline.js";
import { NewLine, unreadIn, unreadText } from "../../examples/chat/page/unread.js";

const ME = "me-id";
const people = [
  { id: "a", name: "Ann" },
  { id: "l", name: "Ann Lee" },
  { id: "b", name: "Bob (sea)" },
];

function room(...messages: (Partial<Message> & { offset: number })[]): Timeline {
  const timeline = new Timeline(ME);
  for (const each of messages) {
    const base = { time: each.offset, text: `text ${each.offset}`, name: "Ann", from: "a", key: undefined };
    timeline.receive({ ...base, ...each });
  }
  timeline.prepend([], "beginning");
  return timeline;
}

function rows(timeline: Timeline, view: View = {}): (string | number | undefined)[] {
  return rowsOf(timeline, "beginning", "Me", 1000, view).flatMap((row): (string | number | undefined)[] => {
    if (row.kind === "new") return ["new"];
    return row.kind === "message" ? [row.offset] : [];
  });
}

function rowAt(timeline: Timeline, offset: number, view: View = {}): MessageRow | undefined {
  const found = rowsOf(timeline, "beginning", "Me", 1000, view).find(
    (row) => row.kind === "message" && row.offset === offset,
  );
  return found?.kind === "message" ? found : undefined;
}

describe("mentions", () => {
  test.each([
    ["hi @an", { start: 3, letters: "an" }],
    ["@", { start: 0, letters: "" }],
    ["mail@an", undefined],
    ["hi @an ", undefined],
  ])("%j, written so far, offers %j", (text, expected) => {
    expect(mentionAt(text, text.length)).toEqual(expected);
  });

  test("offer names by the beginning of a word, and none that is written out already", () => {
    expect(offered(people, "LE").map(({ id }) => id)).toEqual(["l"]);
    expect(offered(people, "ann").map(({ id }) => id)).toEqual(["a", "l"]);
    expect(offered([{ id: "a", name: "Ann" }], "ann")).toEqual([]);
  });

  test("are of the longest name that fits, whatever it is made of", () => {
    expect(mentionsIn("@Ann Lee and @Bob (sea)!", people.slice(1)).map(({ id }) => id)).toEqual(["l", "b"]);
    expect(mentionsIn("@Anna, a@Ann", people)).toEqual([]);
    expect(splitMentions("hi @Ann Lee!", ["Ann", "Ann Lee"]).map(({ text }) => text)).toEqual([
      "hi ",
      "@Ann Lee",
      "!",
    ]);
  });
});

describe("threads", () => {
  test("take replies out of the list, and are counted below their first message", () => {
    const timeline = room(
      { offset: 10 },
      { offset: 20, thread: 10 },
      { offset: 30 },
      { offset: 40, thread: 10 },
    );
    expect(rows(timeline)).toEqual([10, 30]);
    expect(rowAt(timeline, 10)?.thread).toEqual({ replies: 2, last: 40 });
    expect(rows(timeline, { thread: 10 })).toEqual([10, 20, 40]);
  });

  test("leave replies in the list whose first message is not here, is a reply, or is to come", () => {
    const timeline = room({ offset: 20, thread: 10 }, { offset: 30, thread: 20 }, { offset: 40, thread: 50 });
    expect(rows(timeline)).toEqual([20, 30, 40]);
    expect(rowAt(timeline, 20)?.astray).toBe(true);
  });

  test("show what is on its way where it belongs", () => {
    const timeline = room({ offset: 10 });
    timeline.write("k1", { text: "a reply", thread: 10 }, 20);
    expect(rows(timeline)).toEqual([10]);
    expect(rows(timeline, { thread: 10 })).toEqual([10, undefined]);
  });
});

describe("what is unread", () => {
  test("is what others said behind the cursor, and who called whom", () => {
    const timeline = room(
      { offset: 10 },
      { offset: 20, mentions: [{ id: ME, name: "Me" }] },
      { offset: 30, from: ME },
      { offset: 40 },
    );
    expect(unreadIn(timeline, 10)).toEqual({ count: 2, mentions: 1, more: false });
    expect(unreadIn(timeline, 40)).toEqual({ count: 0, mentions: 0, more: false });
  });

  test("is more than is loaded, where that does not reach the cursor", () => {
    const timeline = room({ offset: 10 });
    timeline.prepend([], "more");
    expect(unreadText(unreadIn(timeline, 0))).toBe("1+");
    expect(unreadText({ count: 100, mentions: 0, more: false })).toBe("99+");
  });

  test("has a line above it, which stays while one reads and goes when one speaks", () => {
    const line = new NewLine();
    line.enter(10, 2);
    line.looked();
    expect(line.after).toBe(10);
    line.missed(40);
    line.missed(50);
    expect(line.after).toBe(40);
    line.clear();
    expect(line.after).toBeUndefined();
    line.enter(0, 5);
    expect(line.after).toBeUndefined();
    const timeline = room({ offset: 10 }, { offset: 20, from: ME }, { offset: 30 });
    expect(rows(timeline, { newAfter: 10 })).toEqual([10, 20, "new", 30]);
  });
});

describe("receipts", () => {
  test("never go back, and are of the others", () => {
    const receipts = new Receipts();
    expect(receipts.heard({ id: "a", name: "Ann", upTo: 20 })).toBe(true);
    expect(receipts.heard({ id: "a", name: "Ann", upTo: 10 })).toBe(false);
    receipts.heard({ id: ME, name: "Me", upTo: 30 });
    expect(receipts.others(ME)).toEqual([{ id: "a", name: "Ann", upTo: 20 }]);
    expect(receipts.upToOf("nobody")).toBe(0);
  });

  test("stand below the last of one's own that somebody has read", () => {
    const timeline = room({ offset: 10, from: ME }, { offset: 20, from: ME }, { offset: 30, from: ME });
    const readers = [{ id: "a", name: "Ann", upTo: 25 }];
    expect([10, 20, 30].map((at) => rowAt(timeline, at, { readers })?.seen)).toEqual([
      undefined,
      "Seen by Ann",
      "Sent",
    ]);
  });

  test.each([
    [[], "Sent"],
    [["Ann"], "Seen by Ann"],
    [["Ann", "Bob"], "Seen by Ann and Bob"],
    [["Ann", "Bob", "Cid", "Dora"], "Seen by Ann, Bob and 2 more"],
  ])("of %j read %j", (names, expected) => {
    expect(seenText(names)).toBe(expected);
  });
});

describe("a search", () => {
  test("finds all the words, in any case and without accents, as they are now", () => {
    const timeline = room({ offset: 10, text: "Éclair at High water" }, { offset: 20, text: "water" });
    expect(searchIn(timeline, "HIGH eclair").map(({ offset }) => offset)).toEqual([10]);
    const deleted = { offset: 30, time: 30, name: "Ann", from: "a", key: undefined, change: { delete: 20 } };
    timeline.receive(deleted);
    expect(searchIn(timeline, "water").map(({ offset }) => offset)).toEqual([10]);
    expect(searchIn(timeline, "  ")).toEqual([]);
  });

  test("says in which thread a find is", () => {
    const timeline = room({ offset: 10 }, { offset: 20, thread: 10, text: "sea" });
    expect(searchIn(timeline, "sea")).toEqual([{ offset: 20, thread: 10 }]);
  });

  test("marks what it found, and loses nothing of the text", () => {
    const parts = splitFound("Éclair éclair İx", ["eclair"]);
    expect(parts.filter(({ found }) => found).map(({ text }) => text)).toEqual(["Éclair", "éclair"]);
    expect(parts.map(({ text }) => text).join("")).toBe("Éclair éclair İx");
    expect(splitFound("", ["a"])).toEqual([]);
  });
});
