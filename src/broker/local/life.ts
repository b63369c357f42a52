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
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Random } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";

/** What the file says. */
interface Life {
  readonly format: 1;
  /** Under which new epochs are opened. */
  readonly incarnation: string;
  readonly sync: "disk" | "none";
  /** Whether the writer has closed it. */
  readonly clean: boolean;
  /** The system's start during which it was opened; empty where systems do not tell. */
  readonly boot: string;
  /** The data file's inode: a file put back from elsewhere has another one. */
  readonly inode: number;
  readonly pid: number;
  /** When the process started, in the system's own ticks; empty where systems do not tell. */
  readonly started: string;
}

export interface Owned {
  readonly incarnation: string;
  /**
   * Whether it is ours still. Processes see by their pids whether another one lives; where they cannot see each
   * other, as in two containers, the last to come has it, and the one before finds out here. Asked once a transaction.
   */
  isOurs(): boolean;
  /** Notes that the log is complete, and gives the directory up. */
  release(): void;
}

const FILE = "life.json";
const LOCK = "life.lock";
const DATA = "data.mdb";

/** Directories that this process writes, by their real names. */
const ours = new Set<string>();

/**
 * Makes this process the directory's only writer; `open` opens the data, which is only touched when it is safe.
 *
 * @throws {BrokerError} `unavailable` when another process writes it, or this one already
 */
export function own<T>(
  dir: string,
  sync: "disk" | "none",
  random: Random,
  open: () => T,
): { owned: Owned; opened: T } {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const key = String(statSync(dir).ino);
  if (ours.has(key)) throw refused(dir, process.pid);
  return exclusively(dir, (confirm) => {
    const last = read(dir);
    if (last !== undefined && !last.clean && isAlive(last)) throw refused(dir, last.pid);
    const boot = bootId();
    setAsideIfTorn(dir, last, boot);
    const opened = open();
    const inode = statSync(join(dir, DATA)).ino;
    const incarnation = isComplete(last, inode) ? last.incarnation : random.id();
    const life: Life = {
      format: 1,
      incarnation,
      sync,
      clean: false,
      boot,
      inode,
      pid: process.pid,
      started: startOf("self"),
    };
    confirm();
    write(dir, life);
    ours.add(key);
    const file = join(dir, FILE);
    // Whoever takes it puts another file there.
    const written = identityOf(file);
    const isOurs = (): boolean => identityOf(file) === written;
    const release = (): void => {
      ours.delete(key);
      if (isOurs()) write(dir, { ...life, clean: true });
    };
    return { owned: { incarnation, isOurs, release }, opened };
  });
}

/**
 * Whether everything that was acknowledged is there. With `sync: "disk"` it always is: nothing is shown to anybody
 * before the disk has it. Without, only a writer that closed it has put all of it there.
 */
function isComplete(last: Life | undefined, inode: number): last is Life {
  if (last === undefined || last.inode !== inode) return false;
  return last.clean || last.sync === "disk";
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
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
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

function holderOf(lock: string): Pick<Life, "pid" | "started"> | undefined {
  try {
    return JSON.parse(readFileSync(lock, "utf8")) as Pick<Life, "pid" | "started">;
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
  if (life.format === 1) return life as Life;
  throw new BrokerError(
    "unavailable",
    `${join(dir, FILE)} has format ${String(life.format)}, which this version does not know`,
  );
}

/** All of it or nothing, and on the disk. */
function write(dir: string, life: Life): void {
  const file = join(dir, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(life));
  syncFile(`${file}.new`);
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

function isAlive({ pid, started }: Pick<Life, "pid" | "started">): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // Another process may have got its number; and one that was killed has it until its parent has looked.
  return started === startOf(String(pid));
}

/** Which file lies there, and when it was written. */
function identityOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.ino} ${stat.mtimeMs}`;
}

/** When a process started; empty when it has ended, or where systems do not tell. */
function startOf(pid: string): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
