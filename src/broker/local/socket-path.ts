import { openSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { BrokerError } from "../contract.js";

const FILE = "writer.sock";
/** Systems take paths of 104 bytes and more. */
const LONGEST = 100;

/**
 * The path of the socket between a directory's writer and its workers.
 *
 * @throws {BrokerError} when the system cannot name it in so few bytes
 */
export function socketPath(dir: string): string {
  const absolute = join(resolve(dir), FILE);
  const paths = [absolute, relative(process.cwd(), absolute)];
  const short = paths.find((path) => Buffer.byteLength(path) <= LONGEST);
  if (short !== undefined) return short;
  // The directory by its open file: stays open as long as the process.
  if (process.platform === "linux") return `/proc/self/fd/${openSync(dir, "r")}/${FILE}`;
  throw new BrokerError(
    "unavailable",
    `${absolute} is too long a name for a socket; choose a shorter directory`,
  );
}
