// Makes processes stand still without their knowing: by the kernel's control groups. Unlike signals it does not get in
// the way of tests that stop and continue processes themselves.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the kernel keeps groups that can be frozen, and what to write into which file of them. */
const KINDS = [
  { root: "/sys/fs/cgroup", sign: "cgroup.controllers", file: "cgroup.freeze", frozen: "1", thawed: "0" },
  {
    root: "/sys/fs/cgroup/freezer",
    sign: "cgroup.procs",
    file: "freezer.state",
    frozen: "FROZEN",
    thawed: "THAWED",
  },
];

/** A new group of processes of that name; `undefined` where there can be none. */
export function findFreezer(name) {
  for (const kind of KINDS) {
    if (!existsSync(join(kind.root, kind.sign))) continue;
    try {
      return new Freezer(kind, name);
    } catch {
      // Not allowed to, or not this kind.
    }
  }
  return undefined;
}

class Freezer {
  #kind;
  /** All processes, but for the one that stands still alone. */
  #all;
  #alone;

  constructor(kind, name) {
    this.#kind = kind;
    this.#all = join(kind.root, name);
    this.#alone = join(kind.root, `${name}-alone`);
    for (const group of [this.#all, this.#alone]) mkdirSync(group);
  }

  /** Adds a process; what it starts from now on belongs to it. */
  add(pid) {
    writeFileSync(join(this.#all, "cgroup.procs"), `${pid}`);
  }

  pids() {
    return pidsOf(this.#all);
  }

  /** Stops one process, or all of them, until the promise has resolved. */
  async hold(pid, promise) {
    const group = pid === undefined ? this.#all : this.#alone;
    const state = join(group, this.#kind.file);
    try {
      if (pid !== undefined) writeFileSync(join(group, "cgroup.procs"), `${pid}`);
    } catch {
      // It has ended.
      return;
    }
    writeFileSync(state, this.#kind.frozen);
    try {
      await promise;
    } finally {
      writeFileSync(state, this.#kind.thawed);
      // It may have started others in the moment before it stopped.
      for (const each of pidsOf(this.#alone)) this.#return(each);
    }
  }

  remove() {
    for (const group of [this.#all, this.#alone]) {
      try {
        rmdirSync(group);
      } catch {
        // A process that nobody waits for has not ended yet; an empty group costs nothing.
      }
    }
  }

  #return(pid) {
    try {
      this.add(pid);
    } catch {
      // It has ended.
    }
  }
}

function pidsOf(group) {
  return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
}
