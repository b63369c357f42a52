import { checkHistory, type Asked } from "tidemark/testing";
import { describe, expect, test } from "vitest";
import { Story, append, publish, type Told } from "./history.js";

const found = (story: Story): string[] =>
  checkHistory(story.events).map(({ promise, message }) => `${promise}: ${message}`);

const gap = (
  reason: "trimmed" | "failover" | "rollback" | "epoch",
  after: number,
  until: number,
  epoch = "e",
): Told => ({
  is: "gap",
  subscriber: "s",
  after,
  at: { epoch, offset: until },
  reason,
});

const UNKNOWN = {
  is: "refused",
  channel: "a",
  id: "p/1",
  outcome: "unknown",
  code: "outcome_unknown",
} as const;

describe("the checker of histories (G1, G2, G5)", () => {
  test("finds nothing wrong with a log that is delivered as it is", () => {
    expect(
      found(new Story().opens().log([1, 2, 3]).gets([1, 2, 3]).tell({ is: "quiet", final: true })),
    ).toEqual([]);
  });

  test("names a message that was lost, and what came in its place", () => {
    expect(found(new Story().opens().log([1, 2, 3]).gets([1, 3]))).toEqual([
      "no silence: s never got p/2 (20 of a): p/3 came instead, and no gap",
    ]);
  });

  test("names a message that came twice", () => {
    expect(found(new Story().opens().log([1, 2]).gets([1, 2, 2]))).toEqual([
      "no repeats: s got p/2 (20 of a) twice",
    ]);
  });

  test("tells two that changed places from one that was lost", () => {
    expect(found(new Story().opens().log([1, 2, 3]).gets([1, 3, 2]))).toEqual([
      "one order: s got p/2 (20 of a) after 30, which comes later in the log",
    ]);
  });

  test("accepts a gap over what is not kept, once it is declared", () => {
    const trimmed = new Story().opens().log([1, 2, 3]).tell({ is: "trim", channel: "a", until: 20 });
    expect(found(trimmed.tell(gap("trimmed", 0, 20)).gets([3]))).toEqual([]);
  });

  test("names each message of a gap that is not declared", () => {
    const trimmed = new Story().opens().log([1, 2, 3]).tell({ is: "trim", channel: "a", until: 20 });
    expect(found(trimmed.gets([3]))).toEqual([
      "no silence: s never got p/1 (10 of a): p/3 came instead, and no gap",
      "no silence: s never got p/2 (20 of a): p/3 came instead, and no gap",
    ]);
  });

  test("refuses a gap over what is kept", () => {
    expect(
      found(
        new Story()
          .opens()
          .log([1, 2])
          .tell(gap("trimmed", 0, 10))
          .gets([2]),
      ),
    ).toEqual(['honest gaps: s was told "trimmed" from e:0 to e:10 of a: what comes after 0 is kept']);
  });

  test("refuses any gap where nothing has gone wrong", () => {
    const calm = new Story()
      .tell({ is: "calm" })
      .opens()
      .log([1])
      .tell({ is: "trim", channel: "a", until: 10 });
    expect(found(calm.tell(gap("trimmed", 0, 10)))).toEqual([
      'honest gaps: s was told "trimmed" after 0, and nothing had gone wrong',
    ]);
  });

  test("finds a message that was never in the log", () => {
    expect(found(new Story().opens().log([1]).gets([1, 2]))).toEqual([
      "one order: s got p/2 at e:20 of a, where nothing is",
    ]);
  });

  test("finds a subscriber that came back at another place than it had left", () => {
    const story = new Story().opens().log([1, 2]).gets([1]);
    expect(found(story.tell({ is: "resume", subscriber: "s", at: { epoch: "e", offset: 20 } }))).toEqual([
      "no silence: s came back at e:20 of a, but had stood at e:10",
    ]);
  });
});

describe("the checker, when the broker has lost its end", () => {
  const failedOver = (): Story =>
    new Story()
      .opens()
      .log([1, 2, 3])
      .gets([1, 2, 3])
      .tell({ is: "loss", channel: "a", head: 10, allowed: true });

  test("wants a rollback for whoever saw what was lost", () => {
    expect(
      found(
        failedOver()
          .log([4], "f", 1)
          .tell(gap("rollback", 30, 10, "f"))
          .gets([4], "f"),
      ),
    ).toEqual([]);
    expect(found(failedOver().log([4], "f", 1).gets([4], "f"))).toEqual([
      "no silence: s went from e:30 to f:40 of a without a gap between the epochs",
    ]);
  });

  test("wants a failover for whoever did not see it", () => {
    const story = new Story()
      .opens()
      .log([1, 2])
      .gets([1])
      .tell({ is: "loss", channel: "a", head: 10, allowed: true });
    expect(
      found(
        story
          .log([3], "f", 1)
          .tell(gap("failover", 10, 10, "f"))
          .gets([3], "f"),
      ),
    ).toEqual([]);
  });

  test("lets what was lost come again behind the gap, under the same name", () => {
    const story = failedOver().tell(append(2, 10, "f"), gap("rollback", 30, 10, "f"));
    expect(found(story.gets([2], "f"))).toEqual([]);
  });

  test("asks nobody to know of a loss before the next entry", () => {
    expect(found(failedOver().tell({ is: "quiet", final: false }))).toEqual([]);
    expect(found(failedOver().tell({ is: "quiet", final: true }))).toEqual([
      "progress: s stands at e:30 of a, the head is e:10",
    ]);
  });

  test("refuses a loss that no fault explains", () => {
    const story = new Story().log([1]).tell({ is: "loss", channel: "a", head: 0, allowed: false });
    expect(found(story)).toEqual([
      "no silence: the log of a lost everything after 0, and no fault allowed it",
    ]);
  });
});

describe("the checker of publishers (G3, P1, P10)", () => {
  test("finds a retry that was appended again", () => {
    const story = new Story().log([1]).tell({ ...append(2, 10), id: "p/1" } as Told);
    expect(found(story)).toEqual(["at most once: p/1 is in a twice: at 10 and at 20"]);
  });

  test("finds an acknowledgement of something that is not in the log", () => {
    expect(found(new Story().tell(publish(1), { is: "ack", channel: "a", id: "p/1", offset: 10 }))).toEqual([
      "acknowledged: p/1 was acknowledged at 10 on a, but it was never appended there",
    ]);
  });

  test("finds a publisher's messages out of their order", () => {
    const story = new Story().tell(publish(1), publish(2), append(2, 0));
    expect(found(story.tell({ ...append(3, 20), id: "p/1" } as Told))).toEqual([
      "publisher order: p/1 was appended to a after number 2 of the same publisher",
    ]);
  });

  test("P22: lets one come late whose publisher was told that nobody knows, and has gone on", () => {
    const late = { ...append(3, 20), id: "p/1" } as Told;
    expect(found(new Story().tell(publish(1), publish(2), UNKNOWN, append(2, 0), late))).toEqual([]);
  });

  test("lets a message that was lost be appended again, though its turn is over", () => {
    const story = new Story()
      .log([1, 2])
      .tell({ is: "loss", channel: "a", head: 10, allowed: true })
      .log([3], "f", 1);
    expect(found(story.tell({ ...append(4, 30, "f"), id: "p/2" } as Told))).toEqual([]);
  });

  test("finds a message in the log whose publisher was told that it is not there", () => {
    const story = new Story().tell(publish(1), append(1, 0));
    expect(
      found(story.tell({ is: "refused", channel: "a", id: "p/1", outcome: "never", code: "timeout" })),
    ).toEqual(["at most once: the publisher of p/1 was told that it is not in the log, and it is in a"]);
  });

  test("P22: finds a message that comes into the log when its key may have been forgotten", () => {
    const told = (passed: number): string[] => {
      const story = new Story().tell(publish(1), { ...UNKNOWN, within: 100 });
      story.events.push({ time: 1 + passed, ...append(1, 0) });
      return found(story);
    };
    expect(told(90)).toEqual([]);
    expect(told(200)).toEqual([
      "at most once: p/1 was appended to a when its key may have been forgotten for long",
    ]);
  });

  test("wants an answer to every publish, and everybody at the head", () => {
    const story = new Story().opens().tell(publish(1), append(1, 0), { is: "quiet", final: true });
    expect(found(story)).toEqual([
      "progress: the publish of p/1 on a has no answer",
      "progress: s stands at e:0 of a, the head is e:10",
    ]);
  });
});

describe("the checker of everything else", () => {
  const page = (
    ids: readonly number[],
    rest: { before?: number; after?: number; since?: number; complete?: boolean; more?: boolean } = {},
  ): Told => ({
    is: "page",
    reader: "r",
    channel: "a",
    entries: ids.map((n) => ({ offset: n * 10, id: `p/${n}` })),
    complete: true,
    more: false,
    ...rest,
  });

  test("finds a page of history with a hole in it, or one that ends early (L11)", () => {
    expect(found(new Story().log([1, 2, 3]).tell(page([1, 3])))).toEqual([
      "history: r read a page of a in which p/3 follows p/1, but in the log it follows 20",
    ]);
    expect(found(new Story().log([1, 2, 3]).tell(page([1, 2], { before: 30 })))).toEqual([]);
    expect(found(new Story().log([1, 2, 3]).tell(page([1], { before: 30 })))).toEqual([
      "history: r read a page of a in which the last one is p/1, but before 30 comes 20",
    ]);
    expect(found(new Story().log([1, 2, 3]).tell(page([3])))).toEqual([
      "history: r read a page of a in which nothing is said to come before p/3, but 20 does",
    ]);
  });

  test("finds a page that goes on from another place than was asked for (L7, L9)", () => {
    const log = new Story().log([1, 2, 3, 4]);
    expect(found(log.tell(page([2, 3], { after: 10, more: true }), page([2, 3], { since: 11 })))).toEqual([]);
    expect(found(new Story().log([1, 2, 3]).tell(page([2, 3], { after: 20 })))).toEqual([
      "history: r read a page of a in which p/2 is at 20, and only what comes after 20 was asked for",
    ]);
    expect(found(new Story().log([1, 2, 3]).tell(page([3], { since: 11, complete: false })))).toEqual([
      "history: r read a page of a in which p/3 comes first, and 20 before it is after 10 and kept",
    ]);
    const trimmed = new Story().log([1, 2, 3]).tell({ is: "trim", channel: "a", until: 20 });
    expect(found(trimmed.tell(page([3], { after: 10, complete: false })))).toEqual([]);
    expect(found(trimmed.tell(page([3], { after: 10 })))).toEqual([
      "history: r read a page of a in which everything after 10 is promised, but it begins after 20",
    ]);
  });

  describe("of where a subscription begins (C15, C16, C17)", () => {
    const begins = (at: number, asked: Asked): Told => ({
      is: "open",
      subscriber: "s",
      channel: "a",
      at: { epoch: "e", offset: at },
      ...asked,
    });
    const log = (): Story => new Story().log([1, 2, 3]);

    test("accepts the places that were asked for", () => {
      for (const asked of [{ last: 2 }, { since: 11 }, { since: 20, complete: true }])
        expect(found(log().tell(begins(10, asked)))).toEqual([]);
      const trimmed = log().tell({ is: "trim", channel: "a", until: 20 });
      for (const asked of [{ last: 1 }, { last: 3 }, { since: 11, complete: false }, { since: 21 }])
        expect(found(trimmed.tell(begins(20, asked)))).toEqual([]);
    });

    test("finds that some of the last messages were left out", () => {
      expect(found(log().tell(begins(20, { last: 2 })))).toEqual([
        "history: s begins at 20 of a, and asked for the last 2, of which 3 are kept",
      ]);
    });

    test("finds what was left out of a time, and what is too old", () => {
      expect(found(log().tell(begins(20, { since: 11 })))).toEqual([
        "history: s begins at 20 of a, and asked for all from 11 on, such as p/2 at 20",
      ]);
      expect(found(log().tell(begins(0, { since: 11 })))).toEqual([
        "history: s begins at 0 of a, and did not ask for p/1 at 10, before 11",
      ]);
    });

    test("lets come what was appended after it had asked", () => {
      expect(found(log().tell(begins(0, { since: 99, asked: 1 })))).toEqual([]);
    });

    test("wants to be told truly whether something is missing", () => {
      const trimmed = log().tell({ is: "trim", channel: "a", until: 20 });
      expect(found(trimmed.tell(begins(20, { since: 11, complete: true })))).toEqual([
        "history: s begins at 20 of a, and is told that nothing from 11 on is missing, but 1 are",
      ]);
      expect(found(log().tell(begins(10, { since: 11, complete: false })))).toEqual([
        "history: s begins at 10 of a, and is told that something from 11 on is missing, but 0 are",
      ]);
    });

    test("judges nothing once the log has lost something", () => {
      const lost = log().tell({ is: "loss", channel: "a", head: 20, allowed: true });
      expect(found(lost.tell(begins(20, { last: 2 })))).toEqual([]);
    });
  });

  describe("of calls (N15)", () => {
    const call: Told = { is: "call", caller: "c", id: "1" };
    const run: Told = { is: "run", id: "1" };
    const answer = (outcome: "ok" | "failed" | "never" | "unknown", value = "1"): Told => ({
      is: "answer",
      id: "1",
      outcome,
      ...(outcome === "ok" && { value }),
    });

    test("accepts one that ran and was answered, or whose outcome is not known", () => {
      for (const story of [
        [call, run, answer("ok")],
        [call, run, answer("failed")],
        [call, answer("never")],
        [call, answer("unknown")],
        [call, answer("unknown"), run],
      ])
        expect(found(new Story().tell(...story, { is: "quiet", final: true }))).toEqual([]);
    });

    test("finds one that ran twice", () => {
      expect(found(new Story().tell(call, run, run, answer("ok")))).toEqual(["calls: 1 of c ran 2 times"]);
    });

    test("finds one that nobody called, and an answer that is another one's, or twice there", () => {
      expect(found(new Story().tell(run))).toEqual(["calls: 1 has a run, and nobody called it"]);
      expect(found(new Story().tell(call, run, answer("ok", "2"), answer("ok")))).toEqual([
        "calls: 1 of c got the answer to 2",
        "calls: 1 of c was answered twice",
      ]);
    });

    test("finds one that was answered and had not run, and one that ran and was said not to", () => {
      expect(found(new Story().tell(call, answer("ok")))).toEqual([
        "calls: 1 of c was answered, and it had not run",
      ]);
      expect(found(new Story().tell(call, run, answer("never")))).toEqual([
        "calls: c was told that 1 has not run, and it has",
      ]);
    });

    test("wants an answer to every one", () => {
      expect(found(new Story().tell(call, { is: "quiet", final: true }))).toEqual([
        "progress: the call 1 of c has no answer",
      ]);
    });
  });

  test("finds signals that come twice, or in another order than they were sent (T2)", () => {
    const signal = (id: string): Told => ({ is: "signal", channel: "t", connection: "x", id });
    const heard = (id: string): Told => ({ is: "heard", subscriber: "s", connection: "y", channel: "t", id });
    expect(found(new Story().tell(signal("1"), signal("2"), signal("3"), heard("1"), heard("3")))).toEqual(
      [],
    );
    expect(
      found(new Story().tell(signal("1"), signal("2"), heard("2"), heard("2"), heard("1"), heard("4"))),
    ).toEqual([
      "transients: s heard 2 on t twice",
      "transients: s heard 1 on t after a later one",
      "transients: s heard 4 on t, which nobody sent",
    ]);
  });

  test("finds members that are missing or should be gone (G7)", () => {
    const members: Told = {
      is: "members",
      subscriber: "s",
      channel: "a",
      seen: ["x", "z"],
      expected: ["x", "y"],
    };
    expect(found(new Story().tell(members))).toEqual([
      "presence: s's list of a is not who is there: it misses y, has z too many",
    ]);
  });

  test("finds who holds more than its cap (G6)", () => {
    expect(found(new Story().tell({ is: "held", who: "n1", bytes: 11, cap: 10 }))).toEqual([
      "bounded memory: n1 held 11, its cap is 10",
    ]);
  });
});
