/** The files of a directory: one LMDB environment with five tables. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { open, type Database, type RootDatabase } from "lmdb";
import { BrokerError } from "../contract.js";
import { FORMAT_KEY, checkDataFormat } from "./format.js";
import { mustBeWhole } from "./whole-file.js";

/** Keys and values are bytes throughout. */
export type Table = Database<Uint8Array, Uint8Array>;

export interface Environment {
  readonly root: RootDatabase<Uint8Array, Uint8Array>;
  /** What is known of each channel, by name. See `channel-meta.ts`. */
  readonly channels: Table;
  /**
   * Entries by channel number and offset, in their stored form. Of a log that is kept by slots its rows: see
   * `slots/slot-keys.ts`. All of them begin with the number.
   */
  readonly entries: Table;
  /** Idempotency keys by channel number and generation. See `key-store.ts`. */
  readonly keys: Table;
  /** Ranges that are being erased. See `eraser.ts`. */
  readonly erasures: Table;
  /** The last channel number given, which opening wrote last, and the format of all this. */
  readonly about: Table;
}

const BYTES = { encoding: "binary", keyEncoding: "binary" } as const;
const TABLES = ["channels", "entries", "keys", "erasures", "about"] as const;

/** The key, in `about`, of what says which opening of the directory wrote last. See `life.ts`. */
export const OPENING = Buffer.from("opening");

/** What the data says of its own age. */
export function ageOf({ root, about }: Environment): { transaction: number; mark: string } {
  const { lastTxnId } = root.getStats() as { lastTxnId: number };
  const mark = about.getBinary(OPENING);
  about.resetReadTxn();
  return { transaction: lastTxnId, mark: mark === undefined ? "" : Buffer.from(mark).toString() };
}

/** More than LMDB makes of it, in bytes: it takes a larger one for room for more readers. */
const LOCK_BYTES = 12_288;

/** LMDB maps the file of its readers into memory: a page of it that the disk has no room for would end the process. */
function reserveLock(dir: string): void {
  const lock = join(dir, "lock.mdb");
  if (existsSync(lock)) return;
  try {
    writeFileSync(lock, Buffer.alloc(LOCK_BYTES), { mode: 0o600 });
  } catch (error) {
    rmSync(lock, { force: true });
    throw new BrokerError("unavailable", `${lock} is missing and cannot be written: ${String(error)}`, {
      cause: error,
    });
  }
}

/**
 * Opens the environment for writing, and makes it if there is none.
 *
 * @throws {BrokerError} `unavailable` when the disk has no room for what it takes to open it at all, where the data is of a
 * newer format, and where its end is missing
 */
export function openForWriting(dir: string, sync: boolean): Environment {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  mustBeWhole(dir);
  reserveLock(dir);
  // Without overlappingSync nothing is visible to a reader before it is on the disk: what a subscriber was shown
  // is never taken back, not even by a power failure.
  const root = open<Uint8Array, Uint8Array>(dir, {
    ...BYTES,
    overlappingSync: false,
    // Every transaction is a batch of ours. Those that lmdb makes of a turn have a promise that nobody holds, and when the
    // disk is full it is rejected.
    eventTurnBatching: false,
    noSync: !sync,
    noSubdir: false,
  });
  return ofKnownFormat(dir, tables(root));
}

/**
 * Opens what a writer has made, to read only.
 *
 * @throws {BrokerError} `unavailable` when there is nothing yet, where the data is of a newer format, and where its end is missing
 */
export function openForReading(dir: string): Environment {
  mustBeWhole(dir);
  let env: Environment;
  try {
    env = tables(open<Uint8Array, Uint8Array>(dir, { ...BYTES, readOnly: true, noSubdir: false }));
  } catch (error) {
    throw new BrokerError("unavailable", `there is no log in ${dir}; start its writer first`, {
      cause: error,
    });
  }
  return ofKnownFormat(dir, env);
}

function ofKnownFormat(dir: string, env: Environment): Environment {
  const said = env.about.getBinary(FORMAT_KEY);
  env.about.resetReadTxn();
  try {
    checkDataFormat(`the data in ${dir}`, said);
    return env;
  } catch (error) {
    void env.root.close();
    throw error;
  }
}

function tables(root: RootDatabase<Uint8Array, Uint8Array>): Environment {
  const [channels, entries, keys, erasures, about] = TABLES.map((name) => {
    const table = root.openDB<Uint8Array, Uint8Array>(name, { ...BYTES }) as Table | undefined;
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }) as [Table, Table, Table, Table, Table];
  return { root, channels, entries, keys, erasures, about };
}

/** How many bytes a channel's number has in keys. */
export const NUMBER_BYTES = 6;

/** The key of an entry; of offset 0, of the place before a channel's first. */
export function entryKey(channel: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER_BYTES + 8);
  key.writeUIntBE(channel, 0, NUMBER_BYTES);
  // Doubles above zero sort as their bytes do.
  key.writeDoubleBE(offset, NUMBER_BYTES);
  return key;
}

export function offsetOfKey(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readDoubleBE(NUMBER_BYTES);
}

/** Where the keys of one generation of a channel begin. */
export function generationKey(channel: number, generation: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER_BYTES + 4);
  key.writeUIntBE(channel, 0, NUMBER_BYTES);
  key.writeUInt32BE(generation, NUMBER_BYTES);
  return key;
}

export const GENERATION_KEY_BYTES = NUMBER_BYTES + 4;
