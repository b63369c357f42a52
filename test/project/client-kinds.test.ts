import { posix } from "node:path";
import { expect, test } from "vitest";
import { filesBelow } from "./files.js";
import { readSource } from "./source.js";

/** What kinds are made of: the host, and the forms of what goes through it. */
const OPEN_TO_KINDS = new Set([
  "src/protocol/index.js",
  "src/client/host.js",
  "src/client/message.js",
  "src/client/payload.js",
  "src/client/published.js",
  "src/client/history.js",
]);

const FOLDER = "src/client/kinds/";

function importsOf(path: string): string[] {
  return readSource(path).imports.map((specifier) => posix.join(posix.dirname(path), specifier));
}

test("the client's kinds reach it through its host only", () => {
  const reached = filesBelow("src/client/kinds").flatMap((path) => importsOf(path));
  expect(reached.length).toBeGreaterThan(5);
  expect(reached.filter((target) => !target.startsWith(FOLDER) && !OPEN_TO_KINDS.has(target))).toEqual([]);
});

test("nothing of the client but what puts it together knows which kinds there are", () => {
  const others = filesBelow("src/client").filter((path) => !path.startsWith(FOLDER));
  const knowing = others.filter((path) =>
    importsOf(path).some((target) => target.startsWith(FOLDER) && target !== `${FOLDER}kind.js`),
  );
  expect(knowing).toEqual(["src/client/client.ts"]);
});

test.each([
  ["state", "nothing-else"],
  ["room", "src/room/"],
])(
  "what the entry point of %s uses of the client is its host, and what is made of words and forms",
  (kind, shared) => {
    const open = new Set([
      ...OPEN_TO_KINDS,
      "src/protocol/pattern.js",
      "src/client/emitter.js",
      "src/client/errors.js",
      "src/client/kinds/kind.js",
      "src/client/page.js",
      "src/client/sink.js",
      "src/client/typed.js",
      "src/client/types.js",
    ]);
    const folder = `src/client/${kind}/`;
    const reached = filesBelow(folder.slice(0, -1)).flatMap((path) => importsOf(path));
    expect(reached.length).toBeGreaterThan(5);
    const others = reached.filter((target) => !target.startsWith(folder) && !target.startsWith(shared));
    expect(others.filter((target) => !open.has(target))).toEqual([]);
  },
);
