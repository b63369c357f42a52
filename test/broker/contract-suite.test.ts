import { expect, test } from "vitest";
import { brokerContract } from "../../src/testing/index.js";

test("the broker contract's rules have numbers and sentences of their own", () => {
  const names: string[] = [];
  const runner = {
    describe: (_name: string, body: () => void) => body(),
    it: (name: string) => void names.push(name),
  };
  brokerContract("none", () => Promise.reject(new Error("no test is run here")), runner);
  const numbers = names.map((name) => /^B([1-9][0-9]*): [^ ].*[^.]$/.exec(name)?.[1]);
  expect(numbers).not.toContain(undefined);
  expect(new Set(numbers).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(60);
});
