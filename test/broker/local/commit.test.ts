import { describe, expect, test } from "vitest";
import { GroupCommit } from "../../../src/broker/local/group-commit.js";
import type { Environment, Table } from "../../../src/broker/local/environment.js";

/** An environment whose transactions end when the test says so. */
function slowDisk(): {
  env: Environment;
  written: string[][];
  end: (error?: Error) => void;
  isOurs: () => boolean;
} {
  const written: string[][] = [];
  let finish: { resolve: () => void; reject: (error: Error) => void } | undefined;
  let open: string[] = [];
  const table = {
    put: (key: Uint8Array) => void open.push(`+${Buffer.from(key).toString()}`),
    remove: (key: Uint8Array) => void open.push(`-${Buffer.from(key).toString()}`),
  } as unknown as Table;
  const root = {
    batch(action: () => void) {
      open = [];
      action();
      written.push(open);
      return new Promise<void>((resolve, reject) => (finish = { resolve, reject }));
    },
  };
  const env = { root, entries: table } as unknown as Environment;
  return {
    env,
    written,
    isOurs: () => true,
    end: (error) => (error === undefined ? finish?.resolve() : finish?.reject(error)),
  };
}

function setup(): ReturnType<typeof slowDisk> & {
  commit: GroupCommit;
  log: string[];
  append: (name: string) => void;
} {
  const disk = slowDisk();
  const log: string[] = [];
  const commit = new GroupCommit(disk.env, {
    closing: () => () => void log.push("told"),
    failed: (error) => void log.push(`failed: ${(error as Error).message}`),
    mayWrite: () => disk.isOurs(),
  });
  const append = (name: string): void => {
    commit.changes.put(disk.env.entries, Buffer.from(name), Buffer.from(name));
    commit.wait(
      () => void log.push(name),
      (error) => void log.push(`${name} ${error.code}`),
    );
  };
  return { ...disk, commit, log, append };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("group commit", () => {
  test("puts into one transaction what comes in one turn, and then what came while it was under way", async () => {
    const { commit, append, written, end, log } = setup();
    append("a");
    append("b");
    await turn();
    append("c");
    append("d");
    await turn();
    expect(written).toEqual([["+a", "+b"]]);
    expect(log).toEqual([]);
    end();
    await turn();
    expect(written).toEqual([
      ["+a", "+b"],
      ["+c", "+d"],
    ]);
    expect(log).toEqual(["told", "a", "b"]);
    end();
    await commit.idle();
    expect(log).toEqual(["told", "a", "b", "told", "c", "d"]);
  });

  test("fails what was decided since with what the disk refuses, and goes on", async () => {
    const { commit, append, written, end, log } = setup();
    append("a");
    await turn();
    append("b");
    end(new Error("disk full"));
    await commit.idle();
    expect(log).toEqual(["failed: disk full", "a unavailable", "b unavailable"]);
    append("c");
    await turn();
    end();
    await commit.idle();
    expect(written).toEqual([["+a"], ["+c"]]);
    expect(log.slice(3)).toEqual(["told", "c"]);
  });

  test("that is closed lets what waits come to its end, and takes no more", async () => {
    const { commit, append, end, log } = setup();
    append("a");
    const closing = commit.close();
    await turn();
    end();
    await closing;
    append("b");
    expect(log).toEqual(["told", "a", "b closed"]);
  });
});
