/**
 * npm forgets the binaries of other platforms when it adds a package to an installation that has only its own. The
 * next fresh clone then writes the lock file anew, and its tree is not clean.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Locked {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

/** Installed for one test, and only when that is asked for. */
const APART = "node_modules/next";

test("the lock file has the binaries of every platform", () => {
  const file = new URL("../../package-lock.json", import.meta.url);
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as Locked;
  const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {} }]) =>
    Object.keys(at === APART ? {} : optionalDependencies)
      .filter((name) => !(`node_modules/${name}` in packages) && !(`${at}/node_modules/${name}` in packages))
      .map((name) => `${at} wants ${name}`),
  );
  expect(missing, "delete node_modules, run npm install, and commit package-lock.json").toEqual([]);
});
