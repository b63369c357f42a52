/**
 * Whether the data file has all of its pages. LMDB maps it into memory, and to read a page that is not there ends the process without a
 * word: a copy that was not finished, or a disk that has lost the end of a file.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { BrokerError } from "../contract.js";

/** Where things stand in each of the two meta pages at the beginning, in bytes: behind a header of 24. */
const META = { magic: 24, pageSize: 48, lastPage: 144, transaction: 152, end: 160 };
const MAGIC = 0xbeefc0de;
const LEAST_PAGE = 256;
const MOST_PAGE = 65_536;

interface Meta {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: number;
}

/** @throws {BrokerError} `unavailable` where the data file of a folder ends before its last page */
export function mustBeWhole(dir: string): void {
  const path = join(dir, "data.mdb");
  const file = openIfThere(path);
  if (file === undefined) return;
  try {
    const { size } = fstatSync(file);
    // LMDB makes a new environment of a file without a byte.
    if (size === 0) return;
    const meta = newestMeta(file);
    // What is no data file at all, LMDB refuses by itself.
    if (meta === undefined) return;
    const whole = (meta.lastPage + 1) * meta.pageSize;
    if (size >= whole) return;
    throw new BrokerError(
      "unavailable",
      `${path} has ${size} bytes, and ${whole} were written: its end is missing. Nothing was changed; put a whole copy of the folder in its place, or start with an empty one`,
    );
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

/** LMDB writes the two in turn, and goes by the one of the later transaction. */
function newestMeta(file: number): Meta | undefined {
  const first = readMeta(file, 0);
  if (first === undefined) return undefined;
  const second = readMeta(file, first.pageSize);
  return second !== undefined && second.transaction > first.transaction ? second : first;
}

function readMeta(file: number, at: number): Meta | undefined {
  const page = Buffer.alloc(META.end);
  if (readSync(file, page, 0, page.length, at) < page.length) return undefined;
  const pageSize = page.readUInt32LE(META.pageSize);
  if (page.readUInt32LE(META.magic) !== MAGIC || pageSize < LEAST_PAGE || pageSize > MOST_PAGE)
    return undefined;
  const lastPage = Number(page.readBigUInt64LE(META.lastPage));
  const transaction = Number(page.readBigUInt64LE(META.transaction));
  return { pageSize, lastPage, transaction };
}
