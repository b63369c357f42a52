/** Makes a copy of the library with one planted bug in it. */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { transformWithOxc } from "vite";
import type { Mutant } from "./mutants-table.js";

/** The source with the bug in it. @throws {Error} when its place is not there exactly once */
export function plant({ name, file, find, replace }: Mutant, source: string): string {
  const place = new RegExp(
    find
      .split(" ")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join("\\s+"),
    "g",
  );
  const times = source.match(place)?.length ?? 0;
  if (times !== 1) throw new Error(`${name}: ${JSON.stringify(find)} is ${times} times in ${file}, not once`);
  return source.replace(place, () => replace);
}

/** Copies of the library below `folder`, made of the sources at `root`. The original is made once. */
export class Workshop {
  readonly #root: string;
  readonly #folder: string;

  constructor(root: string, folder: string) {
    this.#root = root;
    this.#folder = folder;
  }

  /** The library as it is. Comes first; returns the path of its `testing` module. */
  async original(): Promise<string> {
    rmSync(this.#folder, { recursive: true, force: true });
    const folder = join(this.#folder, "original");
    const names = readdirSync(join(this.#root, "src"), { recursive: true, encoding: "utf8" });
    await Promise.all(
      names.filter((name) => name.endsWith(".ts")).map((name) => this.#compile(join("src", name), folder)),
    );
    return join(folder, "src/testing/index.js");
  }

  /** The library with the bug; returns the path of its `testing` module. */
  async mutant(mutant: Mutant): Promise<string> {
    const folder = join(this.#folder, mutant.name);
    cpSync(join(this.#folder, "original"), folder, { recursive: true });
    await this.#compile(mutant.file, folder, (source) => plant(mutant, source));
    return join(folder, "src/testing/index.js");
  }

  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #compile(
    file: string,
    folder: string,
    change: (source: string) => string = (source) => source,
  ): Promise<void> {
    const source = change(readFileSync(join(this.#root, file), "utf8"));
    const { code } = await transformWithOxc(source, file, { target: "es2022", sourcemap: false });
    const target = join(folder, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
}
