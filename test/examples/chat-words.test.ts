import { describe, expect, test } from "vitest";
import { bannerText, pillText } from "../../examples/chat/page/banner.js";
import { dayLabel, sameDay } from "../../examples/chat/page/dates.js";
import { splitLinks } from "../../examples/chat/page/links.js";
import { hue, initials } from "../../examples/chat/page/names.js";
import { cleanRoomName, hashOfRoom, roomFromHash } from "../../examples/chat/page/room-names.js";
import { Typists, TYPING_EXPIRES_MS, typingText } from "../../examples/chat/page/typists.js";

test.each([
  ["Ann", "A"],
  ["ann lee", "AL"],
  ["Ann van der Lee", "AL"],
  ["ann.lee", "AL"],
  ["  élodie  ", "É"],
  ["李雷", "李"],
  ["!!!", "?"],
  ["", "?"],
])("the initials of %j are %j", (name, expected) => {
  expect(initials(name)).toBe(expected);
});

test("a name has one hue, and two names seldom the same", () => {
  expect(hue("Ann")).toBe(hue("Ann"));
  const hues = ["Ann", "Bob", "Cid", "Dora", "Eve"].map(hue);
  expect(new Set(hues).size).toBe(hues.length);
  for (const each of hues) expect(each).toBeGreaterThanOrEqual(0);
  for (const each of hues) expect(each).toBeLessThan(360);
});

describe("a day", () => {
  const now = new Date(2026, 2, 10, 0, 30).getTime();
  const at = (...date: [number, number, number, number]): string =>
    dayLabel(new Date(...date).getTime(), now, "en-GB");

  test("is named as people name it", () => {
    expect(at(2026, 2, 10, 0)).toBe("Today");
    expect(at(2026, 2, 9, 23)).toBe("Yesterday");
    expect(at(2026, 2, 8, 23)).toBe("Sunday");
    expect(at(2026, 2, 4, 1)).toBe("Wednesday");
    expect(at(2026, 2, 3, 23)).toBe("3 March");
    expect(at(2025, 11, 31, 23)).toBe("31 December 2025");
  });

  test("ends at midnight", () => {
    const midnight = new Date(2026, 2, 10).getTime();
    expect(sameDay(midnight, midnight + 1)).toBe(true);
    expect(sameDay(midnight - 1, midnight)).toBe(false);
  });
});

describe("links in a text", () => {
  const links = (text: string): string[] =>
    splitLinks(text).flatMap(({ text: shown, href }) => (href === undefined ? [] : [shown]));

  test.each([
    ["see https://a.example.", ["https://a.example"]],
    ["(https://a.example/b)", ["https://a.example/b"]],
    ["https://a.example/wiki/Tide_(sea)", ["https://a.example/wiki/Tide_(sea)"]],
    [
      "HTTP://A.example/?q=1&r=2#top, and http://b.example!",
      ["HTTP://A.example/?q=1&r=2#top", "http://b.example"],
    ],
    ["nothing here: a.example, ftp://a.example, mailto:a@a.example", []],
    ["javascript:alert(1) data:text/html,hi", []],
    ["https:// http://[", []],
    ['<a href="https://a.example">x</a>', ["https://a.example"]],
  ])("%s", (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  test("lose nothing of the text", () => {
    for (const text of ["", "plain", "a https://a.example b http://b.example", "https://a.example…"]) {
      expect(
        splitLinks(text)
          .map((part) => part.text)
          .join(""),
      ).toBe(text);
    }
  });

  test("lead only to http and https", () => {
    for (const { href } of splitLinks("https://a.example http://user@b.example/%00 https://x/#javascript:")) {
      if (href !== undefined) expect(href).toMatch(/^https?:/);
    }
  });
});

describe("typing", () => {
  test.each([
    [[], ""],
    [["Ann"], "Ann is typing…"],
    [["Ann", "Bob"], "Ann and Bob are typing…"],
    [["Ann", "Bob", "Cid"], "Ann, Bob and Cid are typing…"],
    [["Ann", "Bob", "Cid", "Dora"], "Ann, Bob and 2 others are typing…"],
  ])("by %j reads %j", (names, expected) => {
    expect(typingText(names)).toBe(expected);
  });

  test("expires unless it is said again", () => {
    const typists = new Typists();
    typists.heard("a", "Ann", true, 0);
    typists.heard("b", "Bob", true, 1000);
    typists.heard("a", "Ann", true, 2000);
    expect(typists.names(2000)).toEqual(["Ann", "Bob"]);
    expect(typists.expiresIn(2000)).toBe(TYPING_EXPIRES_MS - 1000);
    expect(typists.names(1000 + TYPING_EXPIRES_MS)).toEqual(["Ann"]);
    expect(typists.names(2000 + TYPING_EXPIRES_MS)).toEqual([]);
    expect(typists.expiresIn(2000 + TYPING_EXPIRES_MS)).toBeUndefined();
  });

  test("ends when it is taken back, or the message is there", () => {
    const typists = new Typists();
    typists.heard("a", "Ann", true, 0);
    typists.heard("b", "Bob", true, 0);
    typists.heard("a", "Ann", false, 1);
    typists.stopped("b");
    expect(typists.names(1)).toEqual([]);
  });
});

describe("a room's name", () => {
  test.each([
    ["general", "general"],
    ["#General", "general"],
    ["  Sea Lions! ", "sea-lions"],
    ["Ελλάδα_1", "ελλάδα_1"],
    ["a/b?c#d", "abcd"],
    ["--", undefined],
    ["", undefined],
  ])("%j becomes %j", (typed, expected) => {
    expect(cleanRoomName(typed)).toBe(expected);
  });

  test("fits a channel's name, whatever it is made of", () => {
    for (const letter of ["a", "é", "海", "𠀋"]) {
      const name = cleanRoomName(letter.repeat(100)) ?? "";
      expect(encodeURIComponent(name).length).toBeLessThanOrEqual(200);
      expect(Array.from(name).length).toBeGreaterThanOrEqual(16);
    }
  });

  test("survives the page's address", () => {
    for (const name of ["general", "sea-lions", "海"]) expect(roomFromHash(hashOfRoom(name))).toBe(name);
    expect(roomFromHash("")).toBeUndefined();
    expect(roomFromHash("#%")).toBeUndefined();
  });
});

describe("the banner", () => {
  test("says nothing while all is well, or has only just begun", () => {
    expect(bannerText("online", true)).toBe("");
    expect(bannerText("connecting", false)).toBe("");
  });

  test("says where messages are while there is no connection", () => {
    const text = "Offline – your messages wait here and go out when you are back";
    expect(bannerText("offline", false)).toBe(text);
    expect(bannerText("connecting", true)).toBe(text);
  });

  test("says when it is over", () => {
    expect(bannerText("closed", true)).toContain("Reload");
  });
});

test("the button to the newest message counts those that were not seen", () => {
  expect([0, 1, 2].map(pillText)).toEqual(["To the newest ↓", "1 new message ↓", "2 new messages ↓"]);
});
