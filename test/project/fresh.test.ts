import { expect, test } from "vitest";
import { filesBelow, readText } from "./files.js";

const LONG = 400;
const TOO_LONG = 500;

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

test(`no source file is longer than ${TOO_LONG} lines`, () => {
  const sizes = [...texts]
    .filter(([path]) => path.startsWith("src/"))
    .map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }));
  const long = sizes.filter(({ lines }) => lines > LONG);
  for (const { path, lines } of long) {
    console.warn(`${path} has ${lines} lines: look for the second thing inside it.`);
  }
  expect(long.filter(({ lines }) => lines > TOO_LONG)).toEqual([]);
});

function linesWith(pattern: RegExp): string[] {
  return [...texts].flatMap(([path, text]) =>
    text
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}
