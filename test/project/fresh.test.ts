import { expect, test } from "vitest";
import { filesBelow, readText } from "./files.js";

/** How many lines a file may have: past that there is a second thing inside it. */
const MOST_LINES = { src: 350, test: 400 };
/** The median of src stays below this, so that most files are much shorter. */
const MEDIAN_LINES = 100;

/** All files that hold text, by path. */
const texts = new Map(
  filesBelow("")
    .map((path) => [path, readText(path)] as const)
    .filter(([, text]) => !text.includes("\0")),
);

// Written in pieces, so that this file does not find itself.
const FOLDERS = ["work", "root", "home", "tmp", "Users"].join("|");
const LOCAL_PATH = new RegExp(`(?:^|[\\s"'\`(=:,]|file://)/(?:${FOLDERS})(?:/|\\b(?!\\.))`);
const REGISTRY_HOSTS = ["registry", "artifactory", "nexus", "verdaccio"].join("|");
const REGISTRY = new RegExp(`https?://[^/\\s"'\`]*(?:${REGISTRY_HOSTS})|\\bregistry\\s*=\\s*http`);

test("no file names a folder of somebody's machine", () => {
  expect(linesWith(LOCAL_PATH)).toEqual([]);
});

test("no file names the registry that the packages came from", () => {
  expect(linesWith(REGISTRY)).toEqual([]);
  expect(texts.get("package-lock.json")).not.toMatch(/"resolved": "https?:/);
});

test.each(["src", "test"] as const)("no file of %s has more lines than a file may have", (folder) => {
  const sizes = sizesOf(folder);
  expect(sizes.length).toBeGreaterThan(100);
  expect(sizes.filter(({ lines }) => lines > MOST_LINES[folder])).toEqual([]);
});

test(`the median of the files of src has fewer than ${MEDIAN_LINES} lines`, () => {
  const lines = sizesOf("src").map((size) => size.lines);
  expect(lines.sort((a, b) => a - b)[lines.length >> 1]).toBeLessThan(MEDIAN_LINES);
});

/** The files below a folder that hold code. */
function sizesOf(folder: string): { path: string; lines: number }[] {
  return [...texts]
    .filter(([path]) => path.startsWith(`${folder}/`) && /\.(?:[mc]?[jt]sx?|lua)$/.test(path))
    .map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }));
}

function linesWith(pattern: RegExp): string[] {
  return [...texts].flatMap(([path, text]) =>
    text
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}
