/**
 * Whose directory it is, and whether its logs are complete. Both are told by one small file beside the data, which
 * has to be believed before the data is touched.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Random } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";
import { FORMAT, checkFormat, type Format } from "./format.js";
import { bootId, isAlive, startOf, type Process } from "./system.js";
import { Witness, birthOf, hearWitness, identityOf, isSameBirth } from "./witness.js";

/** What the file says. */
interface Life extends Process, Partial<Format> {
  /** 1, or that of the folder; see `format.ts`. */
  readonly format: number;
  /** Under which new epochs are opened. */
  readonly incarnation: string;
  readonly sync: "disk" | "none";
  /** Whether the writer has closed it. */
  readonly clean: boolean;
  /** The system's start during which it was opened; empty where systems do not tell. */
  readonly boot: string;
  /** The data file's inode: a file put back from elsewhere has another one. */
  readonly inode: number;
  /** The data file, as `birthOf` names it. This and the next three are missing where an earlier version wrote it. */
  readonly birth?: string;
  /** Names this opening of the directory; the data has it from its first transaction on. */
  readonly opening?: string;
  /** The opening that the data names until then. */
  readonly before?: string;
  /** Once closed: the data file, as `identityOf` names it. Nobody writes it until it is opened again. */
  readonly data?: string;
}

export interface Owned {
  readonly incarnation: string;
  /** Why that could not be written down yet: the disk is full. `isOurs` tries it again. */
  readonly refusal: unknown;
  /**
   * Whether it is ours still. Processes see by their pids whether another one lives; where they cannot see each
   * other, as in two containers, the last to come has it, and the one before finds out here. Asked once a transaction.
   */
  isOurs(): boolean;
  /** What the data is to say of this opening, from its first transaction on. See {@link Data.mark}. */
  mark(): string;
  /** Notes that a transaction is on the disk. Called before anybody is told. Hot path. */
  committed(): void;
  /** Notes that the log is complete, and gives the directory up. Called when the data has been closed. */
  release(): void;
}

/** The data, as far as it says how old it is. */
export interface Data {
  /** Its last transaction; LMDB counts them. */
  readonly transaction: number;
  /** What {@link Owned.mark} said when it was written last; empty where nobody has. */
  readonly mark: string;
}

export interface OwnOptions {
  readonly sync: "disk" | "none";
  readonly random: Random;
  /** The caller says that the folder is from an earlier time. */
  readonly restored: boolean;
}

const FILE = "life.json";
const LOCK = "life.lock";
const DATA = "data.mdb";

/** Directories that this process writes, by their real names. */
const ours = new Set<string>();
/** Those that it has given up without being able to write that down. */
const givenUp = new Set<string>();

/**
 * Makes this process the directory's only writer; `open` opens the data, which is only touched when it is safe. On a disk
 * that is full nothing of that can be written: then the data may be read, and `isOurs` tries again.
 *
 * @throws {BrokerError} `unavailable` when another process writes it, or this one already
 */
export function own<T extends Data>(
  dir: string,
  { sync, random, restored }: OwnOptions,
  open: () => T,
): { owned: Owned; opened: T } {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const key = String(statSync(dir).ino);
  if (ours.has(key)) throw refused(dir, process.pid);
  const file = join(dir, FILE);
  let begun: { readonly opened: T; readonly life: Life; readonly found: string } | undefined;
  const begin = (): void => {
    const found = identityOf(file);
    const last = read(dir);
    if (last !== undefined && !last.clean && !givenUp.has(key) && isAlive(last)) throw refused(dir, last.pid);
    const boot = bootId();
    setAsideIfTorn(dir, last, boot);
    const opened = open();
    const complete = !restored && isComplete(dir, last, opened, boot);
    const life: Life = {
      ...FORMAT,
      incarnation: complete ? last.incarnation : random.id(),
      sync,
      clean: false,
      boot,
      inode: statSync(join(dir, DATA)).ino,
      birth: birthOf(join(dir, DATA)),
      opening: random.id(),
      before: openingOf(opened.mark),
      pid: process.pid,
      started: startOf("self"),
    };
    begun = { opened, life, found };
  };
  let claimed: { readonly written: string; readonly witness: Witness | undefined } | undefined;
  let transaction = 0;
  let refusal: unknown;
  const claim = (): void => {
    if (begun === undefined) return;
    write(dir, begun.life);
    begun = { ...begun, found: identityOf(file) };
    // Last: what it said before is believed until the file above says what came of it. Without syncing only a clean end is
    // complete, and that needs no witness.
    claimed = { written: begun.found, witness: sync === "disk" ? new Witness(dir, transaction) : undefined };
  };
  try {
    exclusively(dir, (confirm) => {
      begin();
      transaction = begun?.opened.transaction ?? 0;
      confirm();
      claim();
    });
  } catch (error) {
    if (!isFull(error)) throw error;
    refusal = error;
    if (begun === undefined) begin();
    transaction = begun?.opened.transaction ?? 0;
  }
  if (begun === undefined) throw new Error("nothing was opened");
  const { opened, life } = begun;
  ours.add(key);
  givenUp.delete(key);
  const claimLate = (): void =>
    exclusively(dir, (confirm) => {
      if (identityOf(file) !== begun?.found)
        throw new Error("another process has opened this directory since");
      confirm();
      claim();
    });
  return {
    opened,
    owned: {
      incarnation: life.incarnation,
      refusal,
      isOurs() {
        if (claimed === undefined) claimLate();
        // Whoever takes it puts another file there.
        return identityOf(file) === claimed?.written;
      },
      mark: () => JSON.stringify([life.opening, claimed?.written ?? ""]),
      committed() {
        transaction += 1;
        claimed?.witness?.note(transaction);
      },
      release() {
        ours.delete(key);
        if (claimed === undefined) return;
        claimed.witness?.close();
        if (identityOf(file) !== claimed.written) return;
        try {
          write(dir, { ...life, clean: true, data: identityOf(join(dir, DATA)) });
        } catch (error) {
          givenUp.add(key);
          // What is acknowledged is there all the same: it is as if the process had been killed.
          if (!isFull(error)) throw error;
        }
      },
    },
  };
}

/** Whether nothing could be written for want of room, or of what one user may have of it. */
function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

/**
 * Whether everything that was acknowledged is there. With `sync: "disk"` it is, unless a file was put there from an earlier
 * time: nothing is shown to anybody before the disk has it. Without, only a writer that closed it has put all of it there.
 */
function isComplete(dir: string, last: Life | undefined, data: Data, boot: string): last is Life {
  const file = join(dir, DATA);
  if (last === undefined || last.inode !== statSync(file).ino) return false;
  if (!last.clean && last.sync !== "disk") return false;
  // An earlier version left no more than this.
  if (last.opening === undefined || last.birth === undefined) return true;
  if (!isSameBirth(last.birth, birthOf(file))) return false;
  if (last.clean) return last.data === identityOf(file);
  const [opening, written] = marksOf(data.mark);
  // The first transaction of an opening says which one it is, and which file spoke of it then.
  if (opening === last.opening ? written !== identityOf(join(dir, FILE)) : opening !== last.before)
    return false;
  const { transaction, untouched } = hearWitness(dir);
  // After a loss of power the witness may be older than the data, which is synced; while the system goes on it is not.
  const isRemembered = boot !== "" && boot === last.boot;
  return data.transaction >= transaction && (untouched || !isRemembered);
}

function openingOf(mark: string): string {
  return marksOf(mark)[0];
}

function marksOf(mark: string): [opening: string, written: string] {
  if (mark === "") return ["", ""];
  // Nobody but `mark` writes these.
  return JSON.parse(mark) as [string, string];
}

/** What was never synced and saw the power fail may be torn in any way: it must not even be opened. */
function setAsideIfTorn(dir: string, last: Life | undefined, boot: string): void {
  if (last === undefined || last.clean || last.sync === "disk") return;
  if (last.boot !== "" && last.boot === boot) return;
  for (const name of [DATA, "lock.mdb"]) {
    const file = join(dir, name);
    if (existsSync(file)) renameSync(file, `${file}.torn`);
  }
}

function refused(dir: string, pid: number): BrokerError {
  return new BrokerError(
    "unavailable",
    `process ${pid} writes ${dir} already; one directory has one writer: stop that one, or connect to it as a worker`,
  );
}

/** Two that start at the same moment look one after the other. `confirm` throws when that was not so after all. */
function exclusively<T>(dir: string, work: (confirm: () => void) => T): T {
  const lock = join(dir, LOCK);
  const mine = JSON.stringify({ pid: process.pid, started: startOf("self") });
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(lock, mine, { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        // It was made, and there was no room to write into it.
        if (isFull(error)) rmSync(lock, { force: true });
        throw error;
      }
      const holder = holderOf(lock);
      if (holder !== undefined && (tries > 0 || isAlive(holder))) throw refused(dir, holder.pid);
      // Its process ended in the middle.
      unlinkSync(lock);
    }
  }
  const isMine = (): boolean => existsSync(lock) && readFileSync(lock, "utf8") === mine;
  try {
    return work(() => {
      // Somebody else found the lock of a process that had ended at the same moment, and removed ours for it.
      if (!isMine()) throw refused(dir, holderOf(lock)?.pid ?? 0);
    });
  } finally {
    if (isMine()) unlinkSync(lock);
  }
}

function holderOf(lock: string): Process | undefined {
  try {
    return JSON.parse(readFileSync(lock, "utf8")) as Process;
  } catch {
    return undefined;
  }
}

function read(dir: string): Life | undefined {
  let text: string;
  try {
    text = readFileSync(join(dir, FILE), "utf8");
  } catch {
    return undefined;
  }
  let life: Partial<Life>;
  try {
    life = JSON.parse(text) as Partial<Life>;
  } catch {
    // Nobody can say how it was left.
    return undefined;
  }
  checkFormat(join(dir, FILE), life);
  return life as Life;
}

/** All of it or nothing, and on the disk. */
function write(dir: string, life: Life): void {
  const file = join(dir, FILE);
  try {
    writeFileSync(`${file}.new`, JSON.stringify(life));
    syncFile(`${file}.new`);
  } catch (error) {
    rmSync(`${file}.new`, { force: true });
    throw error;
  }
  renameSync(`${file}.new`, file);
  syncFile(dir);
}

function syncFile(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } catch (error) {
    // Some systems do not sync directories.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  } finally {
    closeSync(file);
  }
}
