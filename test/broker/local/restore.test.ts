import { execFileSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Page } from "../../../src/broker/index.js";
import { createLocalHub } from "../../../src/broker/local/index.js";
import { freshFolder, removeFolder } from "./support/folders.js";
import { Many } from "./support/many.js";

const KEEP = { keeping: { by: "entries" as const, retain: { count: 1000 } }, dedupe: 60_000 };
const ALL = { after: 0, limit: 1000, bytes: 1e9 };
const DATA = "data.mdb";

const root = freshFolder();
/** Many directories go faster where nothing waits for a disk; inodes and times are there all the same. */
const quick = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/tidemark-restore-") : join(root, "quick");
afterAll(() => {
  removeFolder(root);
  rmSync(quick, { recursive: true, force: true });
});
const running: Many[] = [];
afterEach(async () => {
  for (const many of running.splice(0)) await many.kill();
});

/** What rsync looks at before it copies a file: who has not changed so is left alone. */
function changed(from: string, to: string): string[] {
  return readdirSync(from).filter((name) => {
    const [old, now] = [join(from, name), join(to, name)].map((path) =>
      statSync(path, { throwIfNoEntry: false }),
    );
    return now === undefined || old?.size !== now.size || old.mtimeMs !== now.mtimeMs;
  });
}

function inPlace(from: string, to: string, keepTimes: boolean): void {
  const [bytes, { atime, mtime, size }] = [readFileSync(from), statSync(from)];
  const file = openSync(to, existsSync(to) ? "r+" : "w");
  writeSync(file, bytes);
  ftruncateSync(file, size);
  closeSync(file);
  if (keepTimes) utimesSync(to, atime, mtime);
}

function renamedOver(from: string, to: string): void {
  const { atime, mtime } = statSync(from);
  copyFileSync(from, `${to}.new`);
  utimesSync(`${to}.new`, atime, mtime);
  renameSync(`${to}.new`, to);
}

function each(
  names: readonly string[],
  from: string,
  to: string,
  copy: (from: string, to: string) => void,
): void {
  for (const name of names) copy(join(from, name), join(to, name));
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

const small = (dir: string): string[] => readdirSync(dir).filter((name) => !name.endsWith(".mdb"));

/** The ways in which a backup comes back. */
const WAYS: Readonly<Record<string, (backup: string, data: string) => void>> = {
  "cp bak/* data/": (backup, data) =>
    run("cp", ...readdirSync(backup).map((name) => join(backup, name)), data),
  "cp -a bak/. data/": (backup, data) => run("cp", "-a", `${backup}/.`, data),
  "rm -rf data; cp -a bak data": (backup, data) => {
    rmSync(data, { recursive: true });
    run("cp", "-a", backup, data);
  },
  "rm -rf data; mv bak data": (backup, data) => {
    rmSync(data, { recursive: true });
    cpSync(backup, `${backup}.copy`, { recursive: true, preserveTimestamps: true });
    renameSync(`${backup}.copy`, data);
  },
  "tar -x": (backup, data) => {
    run("tar", "-C", backup, "-cf", `${backup}.tar`, ".");
    run("tar", "-C", data, "-xf", `${backup}.tar`);
  },
  "tar -x --overwrite": (backup, data) => {
    run("tar", "-C", backup, "-cf", `${backup}.tar`, ".");
    run("tar", "-C", data, "--overwrite", "-xf", `${backup}.tar`);
  },
  "rsync -a": (backup, data) => run("rsync", "-a", `${backup}/`, `${data}/`),
  "rsync -a --inplace": (backup, data) => run("rsync", "-a", "--inplace", `${backup}/`, `${data}/`),
  "what has changed, renamed over": (backup, data) => each(changed(backup, data), backup, data, renamedOver),
  "what has changed, written in place": (backup, data) =>
    each(changed(backup, data), backup, data, (from, to) => inPlace(from, to, true)),
  "everything, written in place": (backup, data) =>
    each(readdirSync(backup), backup, data, (from, to) => inPlace(from, to, false)),
  "data.mdb alone, written in place": (backup, data) =>
    each([DATA], backup, data, (from, to) => inPlace(from, to, false)),
  "data.mdb alone, in place with its times": (backup, data) =>
    each([DATA], backup, data, (from, to) => inPlace(from, to, true)),
  "data.mdb alone, renamed over": (backup, data) => each([DATA], backup, data, renamedOver),
  "all but data.mdb, written in place": (backup, data) =>
    each(small(backup), backup, data, (from, to) => inPlace(from, to, true)),
  "all but data.mdb, renamed over": (backup, data) => each(small(backup), backup, data, renamedOver),
};

const hasRsync = (process.env["PATH"] ?? "").split(":").some((dir) => existsSync(join(dir, "rsync")));
const ways = Object.keys(WAYS).filter((way) => hasRsync || !way.startsWith("rsync"));
const backups = ["taken while it was closed", "taken while it was open"] as const;

async function start(dirs: readonly string[]): Promise<Many> {
  const many = new Many(dirs);
  running.push(many);
  await many.ready();
  return many;
}

/** The log after one more append by this process. */
async function goneOn(dir: string, options: { restored?: boolean } = {}): Promise<Page> {
  const hub = createLocalHub({ dir, ...options });
  try {
    const key = { scope: "s", id: "next", print: 0 };
    await hub.broker().append("c", [{ data: '"next"', key }], KEEP);
    return await hub.broker().read("c", ALL, KEEP);
  } finally {
    await hub.close();
  }
}

async function end(many: Many, how: "clean" | "kill -9"): Promise<void> {
  if (how === "clean") await many.do("close");
  await many.kill();
}

describe("a directory from an earlier time", () => {
  for (const how of ["clean", "kill -9"] as const) {
    test(`L13: is noticed after a ${how} end, however it came back, and the next append opens an epoch`, async () => {
      const folder = join(quick, how);
      const cases = ways.flatMap((way) => backups.map((backup) => ({ way, backup })));
      const dirs = cases.map((_, i) => join(folder, `data${i}`));
      const backUp = (name: string): void => {
        for (const [i, { backup }] of cases.entries())
          if (backup === name)
            // Sockets cannot be copied, and are not part of it.
            cpSync(join(folder, `data${i}`), join(folder, `bak${i}`), {
              recursive: true,
              preserveTimestamps: true,
            });
      };
      mkdirSync(folder, { recursive: true });
      const many = await start(dirs);
      await many.do("open", "append a", "append b", "close");
      backUp(backups[0]);
      await many.do("open", "append c");
      backUp(backups[1]);
      await many.do("append lost");
      await end(many, how);
      const untold: string[] = [];
      for (const [i, { way, backup }] of cases.entries()) {
        const [data, bak] = [join(folder, `data${i}`), join(folder, `bak${i}`)];
        WAYS[way]?.(bak, data);
        const { epochs, entries } = await goneOn(data);
        const isTold = epochs.length === 2 && epochs[1]?.base === entries.at(-2)?.offset;
        if (!isTold) untold.push(`${way}, of a backup ${backup}`);
        // Once: what goes on from there is a log like others.
        else if (i < 4 && (await goneOn(data)).epochs.length !== 2) untold.push(`${way}: told twice`);
      }
      expect(untold).toEqual([]);
    });
  }

  test.skipIf(hasRsync)(
    "L13: (rsync is not installed: its ways are tried by the system calls it makes only)",
    () => {},
  );

  test("L13: nothing is noticed of one that is as its writer left it, moved, closed or killed at any moment", async () => {
    const folder = join(quick, "left");
    mkdirSync(folder, { recursive: true });
    const dirs = ["moved", "closed", "killed"].map((name) => join(folder, name));
    let many = await start(dirs);
    await many.do("open", "append a", "append b");
    await end(many, "kill -9");
    // With nothing but an opening in between.
    many = await start(dirs);
    await many.do("open");
    await end(many, "kill -9");
    many = await start(dirs);
    await many.do("open", "close", "open", "append c", "close", "open", "append d", "append e", "append f");
    await end(many, "kill -9");
    many = await start(dirs);
    await many.do("open", "append g");
    await end(many, "clean");
    renameSync(join(folder, "moved"), join(folder, "elsewhere"));
    for (const name of ["elsewhere", "closed", "killed"]) {
      const { epochs, entries } = await goneOn(join(folder, name));
      expect([name, epochs.length, entries.length]).toEqual([name, 1, 8]);
    }
  });

  test("L14: that only its operator knows of opens an epoch when it is opened as restored", async () => {
    const dir = join(root, "operator");
    await goneOn(dir);
    expect((await goneOn(dir)).epochs).toHaveLength(1);
    expect((await goneOn(dir, { restored: true })).epochs).toHaveLength(1);
    const hub = createLocalHub({ dir, restored: true });
    await hub.broker().append("c", [{ data: "1", key: { scope: "s", id: "other", print: 0 } }], KEEP);
    const { epochs, entries } = await hub.broker().read("c", ALL, KEEP);
    await hub.close();
    expect(epochs.map(({ base }) => base)).toEqual([0, entries[0]?.offset]);
  });
});
