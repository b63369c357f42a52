/** What the rows of `npm run faults` are made of: it must see what is wrong. */
import { expect, test } from "vitest";
import { eventsOf, type Note } from "../../bench/faults/account.js";
import { tell } from "../../bench/faults/scene.js";
import { judge, longestPauses } from "../../bench/faults/verdict.js";
import type { HistoryEvent } from "../../src/testing/index.js";

const CHANNEL = "chat/faults";

function append(n: number, prev = (n - 1) * 10): HistoryEvent {
  return { time: 0, is: "append", channel: CHANNEL, epoch: "e", offset: n * 10, prev, id: `1/${n}` };
}

/** Publisher 1 sends three messages, and subscriber 2 gets those of `got`. */
function notes(got: readonly number[]): Note[] {
  return [
    ["ready", 1, 2, "e:0"],
    ...[1, 2, 3].map((n): Note => ["publish", n, 1, n]),
    ...[1, 2, 3].map((n): Note => ["ack", n + 10, 1, n, n * 10]),
    ...got.map((n, i): Note => ["message", 20 + i * 100, 2, `e:${n * 10}`, 1, n]),
  ];
}

function verdict(got: readonly number[], log: readonly HistoryEvent[]): ReturnType<typeof judge> {
  const events = tell(eventsOf(CHANNEL, notes(got)), log);
  return judge({ events, behind: 0, mayLose: false, problems: [] });
}

test("all is well when everybody has everything", () => {
  expect(verdict([1, 2, 3], [append(1), append(2), append(3)])).toEqual({
    acknowledged: 3,
    lost: 0,
    duplicated: 0,
    undeclared: 0,
    problems: [],
  });
});

test("a message that a subscriber did not get is an undeclared gap", () => {
  expect(verdict([1, 3], [append(1), append(2), append(3)])).toMatchObject({ undeclared: 1, lost: 0 });
  expect(verdict([1, 2], [append(1), append(2), append(3)])).toMatchObject({ undeclared: 1, lost: 0 });
});

test("a message that came twice is counted", () => {
  expect(verdict([1, 2, 2, 3], [append(1), append(2), append(3)])).toMatchObject({ duplicated: 1 });
});

test("an acknowledged message that is not in the log is lost", () => {
  const { lost, problems } = verdict([1, 2], [append(1), append(2)]);
  expect(lost).toBe(1);
  expect(problems.join("\n")).toContain("1/3 was acknowledged at 30");
});

test("a pause is the longest time without a message after the fault", () => {
  const events = eventsOf(CHANNEL, notes([1, 2, 3]));
  expect(longestPauses(events, { from: 0, window: 1000, only: () => true })).toEqual([100]);
  expect(longestPauses(events, { from: 30, window: 1000, only: () => true })).toEqual([100]);
  expect(longestPauses(events, { from: 0, window: 1000, only: () => false })).toEqual([]);
});
