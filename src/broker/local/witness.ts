/**
 * What betrays that files were put back from an earlier time: nobody can choose a file's inode, or when it was changed last
 * (its ctime). Two small files are written in turn, one with each transaction; each says how far the log was, and as which
 * file the other one lay there. A copy of them says the same, but it lies there as another file.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

/** The two, written in turn. */
const FILES = ["witness.0", "witness.1"] as const;
/** Always as long, so that it is written in place and needs no room on a disk that is full. */
const BYTES = 192;

/** Which file lies there, and when it was last changed in any way: `inode ctime`; empty where there is none. */
export function identityOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.ino} ${stat.ctimeNs}`;
}

/** Which file lies there, whatever has been written to it since: `inode birth`. Where systems tell no birth, without one. */
export function birthOf(path: string): string {
  const { ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true });
  // Some say the ctime in its place.
  return `${ino} ${birthtimeNs === ctimeNs ? "" : birthtimeNs}`;
}

/** Whether two answers of {@link birthOf} are about one file, as far as they say. */
export function isSameBirth(a: string, b: string): boolean {
  const [[inode, birth], [otherInode, otherBirth]] = [a.split(" "), b.split(" ")];
  return inode === otherInode && (!birth || !otherBirth || birth === otherBirth);
}

/** As systems say that a disk is full, where they only write less. */
class NoRoom extends Error {
  readonly code = "ENOSPC";
}

interface Statement {
  readonly sequence: number;
  /** The log's last transaction then. */
  readonly transaction: number;
  /** Which file the other one was then. */
  readonly other: string;
}

function read(path: string): Statement | undefined {
  try {
    const statement = JSON.parse(readFileSync(path, "utf8")) as Partial<Statement>;
    const { sequence, transaction, other } = statement;
    return typeof sequence === "number" && typeof transaction === "number" && typeof other === "string"
      ? { sequence, transaction, other }
      : undefined;
  } catch {
    // None, or one that was cut off by a loss of power.
    return undefined;
  }
}

/** What the two said before anything was written. */
export interface Testimony {
  /** The last transaction that either knows of; 0 where there is none. */
  readonly transaction: number;
  /** Whether they lie there as they were written. Only as good as the system's memory: a loss of power may take some of it. */
  readonly untouched: boolean;
}

/** Hears what was left behind in a directory. */
export function hearWitness(dir: string): Testimony {
  const paths = FILES.map((name) => join(dir, name)) as [string, string];
  const [a, b] = paths.map(read);
  const transaction = Math.max(a?.transaction ?? 0, b?.transaction ?? 0);
  if (a === undefined || b === undefined) return { transaction, untouched: false };
  const [newer, older] = a.sequence > b.sequence ? [a, paths[1]] : [b, paths[0]];
  return { transaction, untouched: newer.other === identityOf(older) };
}

/** Writes the two. */
export class Witness {
  readonly #files: readonly [number, number];
  readonly #buffer = Buffer.alloc(BYTES);
  #sequence: number;
  #last: string;

  /** Makes them if there are none, and has both of them say that the log is at `transaction`. */
  constructor(dir: string, transaction: number) {
    const paths = FILES.map((name) => join(dir, name)) as [string, string];
    const [a, b] = paths.map((path) => read(path)?.sequence ?? 0) as [number, number];
    // Even ones are in the first. The older one is written first: whenever this ends in the middle, the newer one speaks for it.
    this.#sequence = Math.max(a, b);
    const mode = constants.O_RDWR | constants.O_CREAT;
    const first = openSync(paths[0], mode, 0o600);
    try {
      this.#files = [first, openSync(paths[1], mode, 0o600)];
    } catch (error) {
      closeSync(first);
      throw error;
    }
    try {
      this.#last = identityOf(paths[this.#sequence % 2 === 0 ? 0 : 1]);
      this.note(transaction);
      this.note(transaction);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Once a transaction, when the disk has it and before anybody is told. Hot path: two calls of the system. */
  note(transaction: number): void {
    const sequence = this.#sequence + 1;
    const file = this.#files[sequence % 2 === 0 ? 0 : 1];
    const text = `{"sequence":${sequence},"transaction":${transaction},"other":"${this.#last}"}`;
    this.#buffer.fill(32);
    this.#buffer.write(text, "latin1");
    if (writeSync(file, this.#buffer, 0, BYTES, 0) < BYTES)
      throw new NoRoom("a witness was not written in full");
    const stat = fstatSync(file, { bigint: true });
    this.#last = `${stat.ino} ${stat.ctimeNs}`;
    this.#sequence = sequence;
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }
}
