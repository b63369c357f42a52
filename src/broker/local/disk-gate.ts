import type { Clock } from "../../protocol/index.js";
import type { Changes } from "./changes.js";
import { OPENING, type Environment } from "./environment.js";
import { FORMAT, FORMAT_KEY, packFormat } from "./format.js";
import type { Owned } from "./life.js";

export interface DiskGateOptions {
  readonly env: Environment;
  readonly owned: Owned;
  readonly clock: Clock;
  /** Whether the disk has any room at all. Asked while it refuses. */
  readonly hasRoom: () => boolean;
  /** Told when the disk refuses a transaction, and with no error when it takes one again. Once each. */
  readonly onDisk: (error?: unknown) => void;
}

/** How often a full disk is tried, in milliseconds: room within the file may come free, but lmdb writes a line each time. */
const TRY_MS = 1000;

/** What is asked before each transaction, and told after it. */
export class DiskGate {
  readonly #options: DiskGateOptions;
  /** Whether the data says which opening this is. */
  #marked = false;
  /** Whether the disk refused the last transaction. */
  #refused = false;
  #triedAt = 0;

  constructor(options: DiskGateOptions) {
    this.#options = options;
    if (options.owned.refusal !== undefined) this.failed(options.owned.refusal);
  }

  /** Whether the directory is still this process's. Throws what the disk would say. */
  mayWrite(changes: Changes): boolean {
    const { env, owned, clock, hasRoom } = this.#options;
    if (this.#refused && !hasRoom()) {
      if (clock.monotonic() - this.#triedAt < TRY_MS) throw new Error("the disk is full");
      this.#triedAt = clock.monotonic();
    }
    if (!owned.isOurs()) return false;
    if (this.#marked) return true;
    changes.put(env.about, OPENING, Buffer.from(owned.mark()));
    changes.put(env.about, FORMAT_KEY, packFormat(FORMAT));
    return true;
  }

  /** A transaction is on the disk, and nobody has been told. */
  wrote(): void {
    this.#marked = true;
    this.#options.owned.committed();
    if (!this.#refused) return;
    this.#refused = false;
    this.#options.onDisk();
  }

  /** A transaction is not on the disk. */
  failed(error: unknown): void {
    // While it is full this comes with every publish, and with what is swept once a second.
    if (!this.#refused) this.#options.onDisk(error);
    this.#refused = true;
  }
}
