/**
 * The file in which a process says which room it is in the middle of, for who looks after it and finds it dead. It is written where there is need:
 * by the thread that watches, when a step takes long, and around each step while memory is short. A letter, then what is known of
 * the reign as JSON, then a newline.
 */
import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Watched, WatchedReign } from "./steps.js";
import { readWatched } from "./steps.js";

/**
 * - `in`: its code runs
 * - `out`: no code of a room runs
 * - `stuck`: it stands still, and its log is to be marked
 * - `marked`: its log is marked
 */
export type MarkState = "in" | "out" | "stuck" | "marked";

const LETTERS: { readonly [State in MarkState]: string } = { in: "i", out: "o", stuck: "s", marked: "m" };
const NEWLINE = Uint8Array.of(10);

/** Where the processes that somebody looks after have their files: a folder that nobody else reads, since tokens are in them. */
export const MARKS_FOLDER = "TIDEMARK_ROOM_MARKS";

export function markPath(folder: string, pid: number): string {
  return join(folder, `${pid}`);
}

/** One process's file, as it writes it. Calls must not throw: what cannot be written is not said. */
export class MarkFile {
  readonly fd: number;
  readonly #path: string;
  #of: Watched | undefined;

  private constructor(fd: number, path: string) {
    this.fd = fd;
    this.#path = path;
  }

  /** @throws the system's error */
  static open(folder: string, pid: number): MarkFile {
    const path = markPath(folder, pid);
    return new MarkFile(openSync(path, "w", 0o600), path);
  }

  begin(of: Watched): void {
    if (of === this.#of) return writeState(this.fd, "in");
    this.#of = of;
    writeMark(this.fd, "in", of.bytes);
  }

  end(): void {
    writeState(this.fd, "out");
  }

  /** What another thread has written meanwhile is not known here. */
  forget(): void {
    this.#of = undefined;
  }

  close(): void {
    try {
      closeSync(this.fd);
      unlinkSync(this.#path);
    } catch {
      // Its folder is gone, and with it whoever would have read it.
    }
  }
}

export function writeMark(fd: number, state: MarkState, record: Uint8Array): void {
  const letter = new TextEncoder().encode(LETTERS[state]);
  write(fd, Buffer.concat([letter, record, NEWLINE]));
}

export function writeState(fd: number, state: MarkState): void {
  write(fd, Buffer.from(LETTERS[state]));
}

function write(fd: number, bytes: Uint8Array): void {
  try {
    writeSync(fd, bytes, 0, bytes.length, 0);
  } catch {
    // A full disk: a room may then go unblamed, and the process must not end of it.
  }
}

export interface FoundMark {
  readonly state: MarkState;
  readonly reign: WatchedReign;
}

/** What a process has left behind; `undefined` where it was never in need to say anything. */
export function readMark(folder: string, pid: number): FoundMark | undefined {
  try {
    return parseMark(readFileSync(markPath(folder, pid), "utf8"));
  } catch {
    return undefined;
  }
}

export function parseMark(text: string): FoundMark | undefined {
  const states: readonly MarkState[] = ["in", "out", "stuck", "marked"];
  const state = states.find((one) => text.startsWith(LETTERS[one]));
  const end = text.indexOf("\n");
  const reign = end < 0 ? undefined : readWatched(text.slice(1, end));
  return state === undefined || reign === undefined ? undefined : { state, reign };
}
