/** The rules of docs/spec.md and the tests that name them. */
import { describe, expect, test } from "vitest";
import { brokerContract } from "tidemark/testing";
import { filesBelow, readText } from "../project/files.js";

const spec = readText("docs/spec.md");
const rules = [...spec.matchAll(/^- \*\*([A-Z]\d+)\*\* (.+(?:\n {2}.+)*)/gm)].map(
  ([, id = "", text = ""]) => ({
    id,
    text: text.replaceAll(/\s+/g, " "),
  }),
);
const ids = new Set(rules.map(({ id }) => id));
const contract = contractRules();

/** The beginning of a title that names rules: `C3: …`, `C3, P10: …` or `C3 and P10: …`. */
const TITLE = /["'`]((?:[A-Z]\d+(?:, | and )?)+): /g;

const named = [...filesBelow("test"), ...filesBelow("src/testing")]
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) =>
    [...readText(path).matchAll(TITLE)].flatMap(([, list = ""]) =>
      list.split(/, | and /).map((id) => ({ path, id })),
    ),
  );

describe("the rules of docs/spec.md", () => {
  test("are all read, each with an id of its own", () => {
    expect(rules.length).toBeGreaterThan(150);
    expect(rules.length).toBe([...spec.matchAll(/^- \*\*[A-Z]\d/gm)].length);
    expect(rules.map(({ id }) => id).filter((id, index, all) => all.indexOf(id) !== index)).toEqual([]);
  });

  test("stand in the group of their letter, in order", () => {
    for (const [, letter = "", body = ""] of spec.matchAll(/^## .*\(([A-Z])\)\n([^]*?)(?=^## |$(?![^]))/gm)) {
      const numbers = [...body.matchAll(/^- \*\*([A-Z])(\d+)\*\*/gm)].map(([, group, number]) => {
        expect(`${group}${number}`).toBe(`${letter}${number}`);
        return Number(number);
      });
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  });

  test("have an index of all groups, in order, each with what it is about", () => {
    const [, index = ""] = /^## Index\n([^]*?)(?=^## )/m.exec(spec) ?? [];
    const lines = [...index.matchAll(/^\| ([A-Z]) \| \[(.+)\]\(#(.+)\) \| (.+) \|$/gm)];
    const groups = [...spec.matchAll(/^## (.*) \(([A-Z])\)$/gm)].map(([, name = "", letter = ""]) => {
      const anchor = `${name} ${letter}`
        .toLowerCase()
        .replaceAll(/[^a-z ]/g, "")
        .replaceAll(" ", "-");
      return [letter, name, anchor];
    });
    expect(groups.length).toBeGreaterThan(10);
    expect(lines.map(([, letter, name, anchor]) => [letter, name, anchor])).toEqual(groups);
  });

  test("are sentences, and name only rules that there are", () => {
    for (const { id, text } of rules) {
      expect(`${id} ${text}`).toMatch(/[.:]$/);
      for (const [other] of text.matchAll(/\b[A-Z]\d+\b/g)) expect([id, ids.has(other)]).toEqual([id, true]);
    }
  });

  test("are there for every id that a test's name begins with", () => {
    expect(named.filter(({ id }) => !ids.has(id))).toEqual([]);
  });

  test("are there for every id that protocol.md mentions", () => {
    const mentioned = [...readText("docs/protocol.md").matchAll(/`([A-Z]\d+)`/g)].map(([, id = ""]) => id);
    expect(mentioned.filter((id) => !ids.has(id))).toEqual([]);
  });

  test("about brokers are those of the contract suite, word for word", () => {
    const ours = rules
      .filter(({ id }) => id.startsWith("B"))
      .map(({ id, text }) => `${id}: ${text}`.toLowerCase());
    expect(ours).toEqual(contract.map((title) => `${title}.`.toLowerCase()));
  });

  test("are all tested: a test's name begins with each of them", () => {
    const tested = new Set([...named.map(({ id }) => id), ...contract.map((title) => title.split(":")[0])]);
    expect([...ids].filter((id) => !tested.has(id))).toEqual([]);
  });
});

/** The titles of the contract suite, as it declares them, in the order of their numbers. */
function contractRules(): string[] {
  const titles: string[] = [];
  brokerContract("none", () => Promise.reject(new Error("no test is run here")), {
    describe: (_name, body) => body(),
    it: (title) => void titles.push(title),
  });
  const number = (title: string): number => Number(/\d+/.exec(title)?.[0]);
  return titles.sort((a, b) => number(a) - number(b));
}
