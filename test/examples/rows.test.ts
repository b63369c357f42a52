import { describe, expect, test } from "vitest";
import { rowsOf, type Row } from "../../examples/chat/page/rows.js";
import { Timeline, type Message } from "../../examples/chat/page/timeline.js";

const ME = "my-own-id";
const NOON = new Date(2026, 2, 10, 12).getTime();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let offset = 0;
function message(time: number, from: string, key?: string): Message {
  return { offset: ++offset, time, text: "hi", name: `name of ${from}`, from, key };
}

/** Rows in short: what they are, and for messages who and whether they open a group. */
function short(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    if (row.kind === "start") return `start ${row.state}`;
    if (row.kind === "day") return row.label;
    if (row.kind === "gap" || row.kind === "new") return row.kind;
    return `${row.own ? "own" : row.name} ${row.state}${row.first ? " first" : ""}`;
  });
}

function rowsWith(fill: (timeline: Timeline) => void): Row[] {
  const timeline = new Timeline(ME);
  fill(timeline);
  return rowsOf(timeline, "beginning", "Me", NOON + HOUR);
}

describe("the rows of a room", () => {
  test("of nothing say that there is nothing", () => {
    expect(short(rowsWith(() => undefined))).toEqual(["start empty"]);
  });

  test("open each day with its name", () => {
    const rows = rowsWith((timeline) => {
      timeline.receive(message(NOON - 24 * HOUR, "ann"));
      timeline.receive(message(NOON, "ann"));
      timeline.receive(message(NOON, "ann"));
    });
    expect(short(rows)).toEqual([
      "start beginning",
      "Yesterday",
      "name of ann sent first",
      "Today",
      "name of ann sent first",
      "name of ann sent",
    ]);
  });

  test("group what one person says in a short time", () => {
    const rows = rowsWith((timeline) => {
      timeline.receive(message(NOON, "ann"));
      timeline.receive(message(NOON + MINUTE, "ann"));
      timeline.receive(message(NOON + MINUTE, "bob"));
      timeline.receive(message(NOON + 10 * MINUTE, "bob"));
    });
    expect(short(rows).slice(2)).toEqual([
      "name of ann sent first",
      "name of ann sent",
      "name of bob sent first",
      "name of bob sent first",
    ]);
  });

  test("begin a new group after a gap", () => {
    const rows = rowsWith((timeline) => {
      timeline.receive(message(NOON, "ann"));
      timeline.gap(offset, "trimmed");
      timeline.receive(message(NOON, "ann"));
    });
    expect(short(rows).slice(2)).toEqual(["name of ann sent first", "gap", "name of ann sent first"]);
  });

  test("end with what is on its way, in the state it is in", () => {
    const rows = rowsWith((timeline) => {
      timeline.receive(message(NOON, ME, "k0"));
      timeline.write("k1", { text: "1" }, NOON);
      timeline.write("k2", { text: "2" }, NOON);
      timeline.write("k3", { text: "3" }, NOON);
      timeline.stored("k1", offset + 1);
      timeline.failed("k2", "Not sent.");
    });
    expect(short(rows).slice(2)).toEqual(["own sent first", "own sent", "own failed", "own sending"]);
    expect(rows.at(-2)).toMatchObject({ problem: "Not sent." });
  });

  test("keep the id of one's own message when it comes back", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, NOON);
    const before = rowsOf(timeline, "beginning", "Me", NOON).at(-1);
    timeline.receive(message(NOON, ME, "k1"));
    const after = rowsOf(timeline, "beginning", "Me", NOON).at(-1);
    expect(before).toMatchObject({ offset: undefined, state: "sending" });
    expect(after).toMatchObject({ offset, state: "sent", id: before?.id });
  });

  test("have ids that never meet", () => {
    const rows = rowsWith((timeline) => {
      timeline.receive(message(NOON, "ann"));
      timeline.gap(0, "epoch");
      timeline.receive({ ...message(NOON, "ann"), offset: --offset });
      timeline.write("k1", { text: "hi" }, NOON);
    });
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });
});
