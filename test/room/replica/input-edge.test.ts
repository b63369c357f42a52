import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { InputOutcome } from "../../../src/server/feed/room-part.js";
import { InputEdge } from "../../../src/server/kinds/room/replica/input-edge.js";

const schema = z.object({ dx: z.number().min(-1).max(1) });
const good = { dx: 1 };

/** The inputs of one player of a room with 20 ticks a second, all at one moment unless that is given. */
function edgeOf({ rate = 20 } = {}) {
  const edge = new InputEdge({ schema, rate }, 0);
  const take = (n: number, value: unknown = good, now = 0): InputOutcome =>
    edge.take(n, value, undefined, 0, now);
  const due = (heard: number): number[] => edge.due(heard).map(({ n }) => n);
  return { edge, take, due };
}

describe("inputs at the edge", () => {
  test("R16: an input is sent once, and again after two ticks without an acknowledgement", () => {
    const { take, due } = edgeOf();
    take(1);
    expect(due(10)).toEqual([1]);
    expect(due(10)).toEqual([]);
    expect(due(11)).toEqual([]);
    expect(due(12)).toEqual([1]);
    expect(due(13)).toEqual([]);
    expect(due(14)).toEqual([1]);
  });

  test("R15, R16: what is acknowledged is not sent again, and what waits in the room is not either while it takes some", () => {
    const { edge, take, due } = edgeOf();
    for (const n of [1, 2, 3, 4]) take(n);
    expect(due(10)).toEqual([1, 2, 3, 4]);
    edge.acknowledge(1, 2, 11);
    expect(edge).toMatchObject({ last: 1, depth: 2, from: 2 });
    // 2 and 3 wait there; of 4 nothing was heard.
    expect(due(12)).toEqual([4]);
    edge.acknowledge(2, 2, 13);
    edge.acknowledge(3, 1, 14);
    expect(due(14)).toEqual([]);
  });

  test("R16: where the room takes none, all are sent again: the first may be what it lacks", () => {
    const { edge, take, due } = edgeOf();
    for (const n of [1, 2, 3]) take(n);
    due(10);
    edge.acknowledge(0, 2, 11);
    expect(due(12)).toEqual([1, 2, 3]);
  });

  test("R16: all that are kept are sent to another owner", () => {
    const { edge, take, due } = edgeOf();
    for (const n of [1, 2, 3]) take(n);
    due(10);
    edge.acknowledge(1, 0, 10);
    edge.again();
    expect(due(10)).toEqual([2, 3]);
  });

  test("R14: one that came before is passed over, also where it is done with", () => {
    const { edge, take, due } = edgeOf();
    edge.acknowledge(5, 0, 1);
    expect([4, 5, 6, 6, 5].map((n) => take(n))).toEqual(["known", "known", "taken", "known", "known"]);
    expect(due(1)).toEqual([6]);
  });

  test("R18: what does not fit its schema does not travel, and its number is done with", () => {
    const { edge, take, due } = edgeOf();
    expect(take(1, { dx: 2 })).toMatchObject({ code: "invalid", issues: [{ message: expect.any(String) }] });
    expect(take(1, good)).toBe("known");
    expect(due(1)).toEqual([]);
    expect(edge.from).toBe(2);
    take(2);
    expect(due(1)).toEqual([2]);
    expect(edge.hasHole).toBe(true);
  });

  test("R18: what is too long or too deep is refused", () => {
    const edge = new InputEdge({ schema: undefined, rate: 20 }, 0);
    expect(edge.take(1, "a".repeat(5000), undefined, 0, 0)).toMatchObject({ code: "too_large" });
    let deep: unknown = 1;
    for (let i = 0; i < 40; i++) deep = [deep];
    expect(edge.take(2, deep, undefined, 0, 0)).toMatchObject({ code: "invalid" });
    expect(edge.take(3, undefined, undefined, 0, 0)).toBe("taken");
    expect(edge.due(0)).toMatchObject([{ n: 3, input: null }]);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53, "1"])("R18: %s is no number of an input", (n) => {
    const { take, due } = edgeOf();
    expect(take(n as number)).toMatchObject({ code: "bad_request" });
    expect(due(0)).toEqual([]);
  });

  test("R18: a player has seen at most what it was sent", () => {
    const { edge } = edgeOf();
    expect(edge.take(1, good, 1_000_000, 41, 0)).toBe("taken");
    expect(edge.take(2, good, 40, 41, 0)).toBe("taken");
    expect(edge.take(3, good, -1, 41, 0)).toMatchObject({ code: "bad_request" });
    expect(edge.due(0).map(({ seen }) => seen)).toEqual([41, 40]);
  });

  test("R17: two inputs a tick in the long run, and as many at once as may be unacknowledged", () => {
    const { edge, take } = edgeOf();
    let n = 0;
    let now = 0;
    const flood = (): number => {
      let taken = 0;
      for (let i = 0; i < 100; i++)
        if (take(++n, good, now) === "taken") {
          taken++;
          edge.acknowledge(n, 0, 0);
        }
      return taken;
    };
    expect(flood()).toBe(32);
    now += 500;
    expect(flood()).toBe(20);
    expect(take(++n, good, now)).toMatchObject({
      code: "rate_limited",
      retry: true,
      after: expect.any(Number),
    });
    now += 60_000;
    expect(flood()).toBe(32);
  });

  test("R16: at most 32 are kept, and those beyond are refused rather than forgotten", () => {
    const { edge, take, due } = edgeOf();
    for (let n = 1; n <= 32; n++) expect(take(n)).toBe("taken");
    expect(take(33, good, 1000)).toMatchObject({ code: "rate_limited" });
    expect(due(1)).toHaveLength(32);
    edge.acknowledge(1, 31, 2);
    expect(take(34, good, 1000)).toBe("taken");
    expect(due(2)).toEqual([34]);
  });

  test("an owner that knows less than the one before takes nothing back that its player was told", () => {
    const { edge } = edgeOf();
    edge.acknowledge(9, 2, 5);
    edge.again();
    edge.acknowledge(4, 1, 6);
    expect(edge).toMatchObject({ last: 9, depth: 1 });
  });
});
