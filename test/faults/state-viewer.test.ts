/** What the rows of `npm run faults` about channels of keys are made of: a viewer must see what cannot be. */
import { expect, test } from "vitest";
import type { StateHandle } from "../../src/client/state/index.js";
import { ACCOUNTS, EACH, Viewer } from "../../bench/faults/state/viewer.js";

type Listener = (event: unknown) => void;

/** A viewer whose handle is told what the test says, and what it complained of. */
function watching(wants: (key: string) => boolean = () => true) {
  const listeners = new Map<string, Listener>();
  const map = new Map<string, unknown>();
  const handle = {
    map,
    on: (name: string, listener: Listener) => void listeners.set(name, listener),
  } as unknown as StateHandle;
  const problems: string[] = [];
  let now = 0;
  const viewer = new Viewer(
    { name: "v", handle, wants, isPrompt: true },
    (problem) => void problems.push(problem),
    () => now,
  );
  return {
    viewer,
    problems,
    at: (time: number) => (now = time),
    tell: (values: Readonly<Record<string, unknown>>, full = false): void => {
      if (full) map.clear();
      for (const [key, value] of Object.entries(values)) {
        if (value === undefined) map.delete(key);
        else map.set(key, value);
      }
      listeners.get("changes")?.({ changed: new Set(Object.keys(values)), full });
    },
    gap: (reason: string) => listeners.get("gap")?.({ after: 1, until: 0, reason }),
  };
}

const pair = (left: number, right = left) => ({ "pair/w/left": left, "pair/w/right": right });
const accounts = (first: number) => ({
  ...Object.fromEntries(ACCOUNTS.map((account) => [account, EACH])),
  [ACCOUNTS[0] ?? ""]: first,
});

test("all is well where nothing is wrong, and what it applied is counted", () => {
  const { viewer, problems, tell } = watching();
  tell({ ...pair(1), ...accounts(EACH), "log/w/1": 1 }, true);
  tell({ ...pair(2), "log/w/1": undefined, "log/w/2": 2 });
  expect([problems, viewer.backwards, viewer.wrong, viewer.applied]).toEqual([[], 0, 0, 15]);
});

test("a value that runs backwards is seen, unless a gap says that the log lost some", () => {
  const { viewer, problems, tell, gap } = watching();
  tell(pair(5), true);
  tell(pair(4));
  expect([problems.length, viewer.backwards]).toEqual([1, 1]);
  gap("failover");
  tell(pair(3));
  gap("trimmed");
  tell(pair(2), true);
  expect(viewer.backwards).toBe(3);
  gap("rollback");
  // What was on its way.
  tell({ other: 1 });
  tell(pair(1), true);
  expect(viewer.backwards).toBe(3);
  tell(pair(0.5));
  expect(viewer.backwards).toBe(4);
});

test("half of a change is seen, whichever half it is", () => {
  const { viewer, tell } = watching();
  tell(pair(1), true);
  tell({ "pair/w/left": 2 });
  tell({ "pair/w/right": 2 });
  tell({ "pair/w/right": 3 });
  expect(viewer.wrong).toBe(2);
  tell(accounts(EACH + 1));
  expect(viewer.wrong).toBe(3);
});

test("a key that comes back from the dead is seen, and one that is none of its own", () => {
  const { viewer, tell, gap } = watching((key) => key.startsWith("log/"));
  tell({ "log/w/1": 1 }, true);
  tell({ "log/w/1": undefined });
  tell({ "log/w/1": 1 });
  tell({ "sum/0": 1 });
  expect(viewer.wrong).toBe(2);
  tell({ "log/w/1": undefined });
  gap("epoch");
  tell({ "log/w/1": 1 }, true);
  expect(viewer.wrong).toBe(2);
});

test("a map that differs from the log is seen: a key that is missing, one too many, another value", () => {
  const { viewer, tell } = watching((key) => key !== "none of mine");
  tell({ a: 1, b: 2 }, true);
  const differs = (truth: object): string | undefined => viewer.differs(new Map(Object.entries(truth)));
  expect(differs({ a: 1, b: 2, "none of mine": 3 })).toBeUndefined();
  expect(differs({ a: 1, b: 3 })).toContain("b is 2, and not 3");
  expect(differs({ a: 1, b: 2, c: 3 })).toContain("c is nothing");
  expect(differs({ a: 1 })).toContain("b is there");
});

test("a pause is the longest time without a message or a gap after the fault", () => {
  const { viewer, tell, gap, at } = watching();
  expect(viewer.longestPause(0, 1000)).toBeUndefined();
  for (const time of [0, 100, 400, 500]) {
    at(time);
    if (time === 400) gap("failover");
    else tell({ a: time });
  }
  expect([viewer.longestPause(0, 1000), viewer.longestPause(450, 1000)]).toEqual([300, 50]);
});
