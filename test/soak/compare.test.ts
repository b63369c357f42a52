import { expect, test } from "vitest";
import { compare, NO_FAULTS } from "../../bench/soak/compare.js";

const LOG = [10, 20, 30, 40];

test.each([
  ["everything once, in order", [10, 20, 30, 40], {}],
  ["one that came twice", [10, 20, 20, 30, 40], { duplicates: 1 }],
  ["an old one again at the end", [10, 20, 30, 40, 10], { duplicates: 1 }],
  ["one that is missing in the middle", [10, 30, 40], { lost: 1 }],
  ["the last ones missing", [10, 20], { lost: 2 }],
  ["two that changed places", [10, 30, 20, 40], { misplaced: 1 }],
  ["one that is not in the log", [10, 20, 25, 30, 40], { strangers: 1 }],
  ["nothing", [], { lost: 4 }],
])("a subscriber's account against the log: %s", (_, got, faults) => {
  expect(compare(LOG, got)).toEqual({ ...NO_FAULTS, ...faults });
});
