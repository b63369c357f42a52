import { describe, expect, test } from "vitest";
import { amend, Amendments, type Amendment, type Change } from "../../examples/chat/page/amendments.js";
import { Timeline, type Message } from "../../examples/chat/page/timeline.js";

const ANN = "ann-id";
const BOB = "bob-id";

let offset = 100;
function by(from: string | undefined, change: Change, at = ++offset): Amendment {
  return { offset: at, time: at, change, from, name: `name of ${from ?? "nobody"}`, key: undefined };
}

/** What Ann's message "hi" at 10 looks like after these. */
const after = (...amendments: Amendment[]) => amend({ text: "hi" }, ANN, amendments);

/** Its reactions in short. */
const reactions = (...amendments: Amendment[]) =>
  after(...amendments).reactions.map(({ emoji, who }) => `${emoji} ${who.map(({ id }) => id).join(" ")}`);

describe("an edit", () => {
  test("changes the text, and says when", () => {
    expect(after(by(ANN, { edit: 10, text: "hello" }, 150))).toMatchObject({ text: "hello", editedAt: 150 });
  });

  test("is the later one of two", () => {
    expect(after(by(ANN, { edit: 10, text: "a" }), by(ANN, { edit: 10, text: "b" })).text).toBe("b");
  });

  test("keeps the image, and changes who is called", () => {
    const image = { key: "k", type: "image/png", width: 1, height: 1, alt: "" } as const;
    const mentions = [{ id: BOB, name: "Bob" }];
    const edit = by(ANN, { edit: 10, text: "@Bob", mentions });
    expect(amend({ text: "", image }, ANN, [edit])).toMatchObject({ text: "@Bob", image, mentions });
  });

  test("of somebody else's message does not count, and neither does one of nobody's", () => {
    expect(after(by(BOB, { edit: 10, text: "no" }), by(undefined, { edit: 10, text: "no" })).text).toBe("hi");
    expect(amend({ text: "hi" }, undefined, [by(undefined, { edit: 10, text: "no" })]).text).toBe("hi");
  });
});

describe("a deletion", () => {
  test("takes everything away, for good", () => {
    const gone = after(
      by(BOB, { react: 10, emoji: "👍", on: true }),
      by(ANN, { delete: 10 }),
      by(ANN, { edit: 10, text: "back" }),
      by(BOB, { react: 10, emoji: "👍", on: true }),
    );
    expect(gone).toEqual({ text: "", thread: undefined, deleted: true, reactions: [] });
  });

  test("is the author's alone", () => {
    expect(after(by(BOB, { delete: 10 }), by(undefined, { delete: 10 })).deleted).toBe(false);
  });

  test("leaves a reply in its thread", () => {
    expect(amend({ text: "hi", thread: 5 }, ANN, [by(ANN, { delete: 10 })]).thread).toBe(5);
  });
});

describe("reactions", () => {
  test("are counted by emoji and person, the first one first", () => {
    expect(
      reactions(
        by(BOB, { react: 10, emoji: "👍", on: true }),
        by(ANN, { react: 10, emoji: "🎉", on: true }),
        by(ANN, { react: 10, emoji: "👍", on: true }),
        by(ANN, { react: 10, emoji: "👍", on: true }),
      ),
    ).toEqual(["👍 bob-id ann-id", "🎉 ann-id"]);
  });

  test("can be taken back, which the last one of a person decides", () => {
    const on = (): Amendment => by(BOB, { react: 10, emoji: "👍", on: true });
    const off = (): Amendment => by(BOB, { react: 10, emoji: "👍", on: false });
    expect(reactions(on(), off())).toEqual([]);
    expect(reactions(off(), on())).toEqual(["👍 bob-id"]);
    expect(reactions(off())).toEqual([]);
  });
});

describe("amendments", () => {
  test("of a message are in the order of the log, however they come", () => {
    const all = new Amendments();
    for (const at of [130, 110, 120]) all.add(by(ANN, { edit: 10, text: String(at) }, at));
    expect(all.about(10).map((each) => each.offset)).toEqual([110, 120, 130]);
  });

  test("of what was not written yet do not count once it is", () => {
    const all = new Amendments();
    all.add(by(ANN, { delete: 200 }, 150));
    all.add(by(ANN, { delete: 150 }, 150));
    expect([...all.about(200), ...all.about(150)]).toEqual([]);
  });
});

describe("in a room", () => {
  const message = (at: number, from = ANN): Message => ({
    offset: at,
    time: at,
    text: `text ${at}`,
    name: "Ann",
    from,
    key: undefined,
  });
  const textAt = (timeline: Timeline, at: number): string | undefined => {
    const found = timeline.find(at);
    return found && timeline.amended(found).text;
  };

  test("a change that is here before its message waits for it", () => {
    const timeline = new Timeline(BOB);
    timeline.receive(by(ANN, { edit: 10, text: "changed" }, 50));
    expect(timeline.entries).toEqual([]);
    expect(timeline.oldest).toBe(50);
    timeline.prepend([message(10)], "beginning");
    expect(textAt(timeline, 10)).toBe("changed");
  });

  test("a change of a message that was trimmed is never seen", () => {
    const timeline = new Timeline(BOB);
    timeline.receive(by(ANN, { edit: 10, text: "changed" }, 50));
    timeline.prepend([], "trimmed");
    expect(timeline.entries).toEqual([]);
  });

  test("pages of changes alone are gone back through", () => {
    const timeline = new Timeline(BOB);
    timeline.prepend([by(ANN, { edit: 10, text: "b" }, 40)], "more");
    expect(timeline.oldest).toBe(40);
  });

  test("a change that comes twice counts once, as history and live overlap", () => {
    const timeline = new Timeline(BOB);
    const reaction = by(ANN, { react: 10, emoji: "👍", on: true }, 50);
    timeline.receive(message(10));
    expect(timeline.receive(reaction)).toBe(true);
    expect(timeline.receive(reaction)).toBe(false);
  });

  test("one's own change shows at once, and is confirmed when it comes back", () => {
    const timeline = new Timeline(ANN);
    timeline.receive(message(10));
    timeline.change("k1", { edit: 10, text: "changed" }, 20);
    expect(textAt(timeline, 10)).toBe("changed");
    expect(timeline.changesOf(10)).toMatchObject([{ key: "k1", state: "sending" }]);
    timeline.stored("k1", 50);
    timeline.receive({ ...by(ANN, { edit: 10, text: "changed" }, 50), key: "k1" });
    expect(timeline.changesOf(10)).toEqual([]);
    expect(textAt(timeline, 10)).toBe("changed");
  });

  test("one's own change that failed is shown no more, and can be tried again or dropped", () => {
    const timeline = new Timeline(ANN);
    timeline.receive(message(10));
    timeline.change("k1", { delete: 10 }, 20);
    timeline.failed("k1", "Not sent.");
    expect(textAt(timeline, 10)).toBe("text 10");
    expect(timeline.changesOf(10)).toMatchObject([{ problem: "Not sent." }]);
    expect(timeline.retryChange("k1")).toMatchObject({ change: { delete: 10 }, state: "sending" });
    expect(textAt(timeline, 10)).toBe("");
    timeline.discard("k1");
    expect(textAt(timeline, 10)).toBe("text 10");
  });

  test("of concurrent edits all see the one that the log has last", () => {
    const edits = [by(ANN, { edit: 10, text: "a" }, 50), by(ANN, { edit: 10, text: "b" }, 60)];
    const timelines = [edits, [...edits].reverse()].map((order) => {
      const timeline = new Timeline(BOB);
      timeline.receive(message(10));
      for (const each of order) timeline.receive(each);
      return timeline;
    });
    expect(timelines.map((timeline) => textAt(timeline, 10))).toEqual(["b", "b"]);
  });

  test("what a rollback took away has changed nothing", () => {
    const timeline = new Timeline(BOB);
    timeline.receive(message(10));
    timeline.receive(by(ANN, { edit: 10, text: "a" }, 50));
    timeline.receive(by(ANN, { edit: 10, text: "b" }, 60));
    timeline.gap(55, "rollback");
    expect(textAt(timeline, 10)).toBe("a");
  });

  test("a new log's changes are not about the messages of the old one, which stay as they are", () => {
    const timeline = new Timeline(BOB);
    timeline.receive(message(10));
    timeline.gap(0, "epoch");
    timeline.receive(by(ANN, { edit: 10, text: "changed" }, 50));
    const [entry] = timeline.entries;
    if (entry?.kind !== "message") throw new Error("the message is gone");
    expect(timeline.amended(entry.message, entry.log).text).toBe("text 10");
    expect(timeline.canChange(entry.log)).toBe(false);
    expect(timeline.find(10)).toBeUndefined();
  });

  test("changes go when the messages that they are about are forgotten, and no others", () => {
    const timeline = new Timeline(BOB);
    for (const at of [10, 20, 30]) timeline.receive(message(at));
    timeline.receive(by(ANN, { edit: 10, text: "a" }, 25));
    timeline.receive(by(ANN, { edit: 30, text: "b" }, 35));
    timeline.forgetOldest(1);
    expect(textAt(timeline, 30)).toBe("b");
    expect(timeline.oldest).toBe(30);
    timeline.prepend([message(10), message(20), by(ANN, { edit: 10, text: "a" }, 25)], "beginning");
    expect(textAt(timeline, 10)).toBe("a");
  });

  test("one's own change that was stored and lost can be made again", () => {
    const timeline = new Timeline(ANN);
    timeline.receive(message(10));
    timeline.change("k1", { edit: 10, text: "changed" }, 20);
    timeline.stored("k1", 50);
    timeline.gap(40, "rollback");
    expect(timeline.changesOf(10)).toMatchObject([{ state: "stored" }]);
    timeline.gap(60, "failover");
    expect(timeline.changesOf(10)).toMatchObject([{ state: "failed" }]);
  });
});
