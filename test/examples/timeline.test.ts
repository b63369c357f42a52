import { describe, expect, test } from "vitest";
import { Timeline, type Message } from "../../examples/chat/page/timeline.js";

const ME = "my-own-id";

function message(offset: number, more: Partial<Message> = {}): Message {
  const base = { offset, time: offset, text: `text ${offset}`, name: "Ann", from: "ann-id" };
  return { ...base, key: undefined, ...more };
}

const own = (offset: number, key: string): Message => message(offset, { from: ME, key });

/** The timeline in short: offsets, and "gap" where there is one. */
function shape(timeline: Timeline): (number | string)[] {
  return timeline.entries.map((entry) =>
    entry.kind === "gap" ? `gap: ${entry.reason}` : entry.message.offset,
  );
}

describe("the messages of a room", () => {
  test("are in the order of the log, however they come", () => {
    const timeline = new Timeline(ME);
    for (const offset of [30, 50, 40]) timeline.receive(message(offset));
    timeline.prepend([message(10), message(20)], "beginning");
    expect(shape(timeline)).toEqual([10, 20, 30, 40, 50]);
    expect(timeline.oldest).toBe(10);
    expect(timeline.before).toBe("beginning");
  });

  test("are there once, when history and live overlap", () => {
    const timeline = new Timeline(ME);
    expect(timeline.receive(message(30))).toBe(true);
    expect(timeline.receive(message(30))).toBe(false);
    timeline.prepend([message(20), message(30)], "more");
    expect(shape(timeline)).toEqual([20, 30]);
  });

  test("that are forgotten can be fetched again", () => {
    const timeline = new Timeline(ME);
    timeline.prepend([], "beginning");
    for (const offset of [10, 20, 30]) timeline.receive(message(offset));
    timeline.forgetOldest(1);
    expect(shape(timeline)).toEqual([30]);
    expect(timeline.before).toBe("more");
    timeline.prepend([message(10), message(20)], "beginning");
    expect(shape(timeline)).toEqual([10, 20, 30]);
  });
});

describe("one's own message", () => {
  test("is pending until it comes back, when the answer is first", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, 1);
    timeline.stored("k1", 10);
    expect(timeline.pending).toMatchObject([{ key: "k1", state: "stored" }]);
    timeline.receive(own(10, "k1"));
    expect(timeline.pending).toEqual([]);
    expect(shape(timeline)).toEqual([10]);
  });

  test("is pending until it comes back, when the message is first", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, 1);
    timeline.receive(own(10, "k1"));
    expect(timeline.pending).toEqual([]);
    timeline.stored("k1", 10);
    expect(timeline.pending).toEqual([]);
    expect(shape(timeline)).toEqual([10]);
  });

  test("is not taken for somebody else's with the same key", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, 1);
    timeline.receive(message(10, { key: "k1" }));
    expect(timeline.pending).toHaveLength(1);
    expect(shape(timeline)).toEqual([10]);
  });

  test("shows once, when a retry after a doubt puts it into the log twice", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, 1);
    timeline.failed("k1", "It is not known whether this was sent.");
    timeline.retry("k1");
    timeline.receive(own(10, "k1"));
    expect(timeline.receive(own(20, "k1"))).toBe(false);
    expect(shape(timeline)).toEqual([10]);
  });

  test("can fail, be tried again, and be discarded", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, 1);
    timeline.failed("k1", "Not sent.");
    expect(timeline.pending).toEqual([
      { key: "k1", text: "hi", time: 1, state: "failed", problem: "Not sent." },
    ]);
    expect(timeline.retry("k1")).toEqual({ key: "k1", text: "hi", time: 1, state: "sending" });
    timeline.discard("k1");
    expect(timeline.pending).toEqual([]);
    expect(timeline.retry("k1")).toBeUndefined();
  });
});

describe("a gap", () => {
  test("stands between what was there and what comes", () => {
    const timeline = new Timeline(ME);
    timeline.receive(message(10));
    timeline.gap(40, "trimmed");
    timeline.receive(message(50));
    expect(shape(timeline)).toEqual([10, "gap: trimmed", 50]);
  });

  test("shows once, when the next follows at once", () => {
    const timeline = new Timeline(ME);
    timeline.gap(40, "trimmed");
    timeline.gap(60, "epoch");
    expect(shape(timeline)).toEqual(["gap: epoch"]);
  });

  test("after a rollback takes away what the log no longer holds, and lets its offsets come again", () => {
    const timeline = new Timeline(ME);
    for (const offset of [10, 20, 30]) timeline.receive(message(offset));
    timeline.gap(15, "rollback");
    timeline.receive(message(20, { text: "another one" }));
    expect(shape(timeline)).toEqual([10, "gap: rollback", 20]);
  });

  test("ends the waiting for one's own message that was trimmed", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, 1);
    timeline.stored("k1", 20);
    timeline.write("k2", { text: "there" }, 2);
    timeline.gap(40, "trimmed");
    expect(timeline.pending).toMatchObject([{ key: "k2", state: "sending" }]);
  });

  test("offers one's own message again when the server lost it", () => {
    const timeline = new Timeline(ME);
    timeline.write("k1", { text: "hi" }, 1);
    timeline.stored("k1", 20);
    timeline.gap(40, "failover");
    expect(timeline.pending).toMatchObject([{ key: "k1", state: "failed" }]);
  });
});
