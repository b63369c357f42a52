/** What the disk has for naming logs without entries: the writer writes it, every process reads it. */
import { firstEpoch } from "../log/epoch-names.js";
import { ForgottenLogs, groupOf } from "../log/forgotten-logs.js";
import type { Changes } from "./changes.js";
import type { Environment } from "./environment.js";

const INCARNATION = Buffer.from("incarnation");
const FORGOTTEN = Buffer.from("forgotten ");

function forgottenKey(group: number): Buffer {
  const key = Buffer.alloc(FORGOTTEN.length + 2);
  FORGOTTEN.copy(key);
  key.writeUInt16BE(group, FORGOTTEN.length);
  return key;
}

/** The epoch of a channel's log that is not there, as the transaction that is open shows it. */
export function readFirstEpoch(env: Environment, channel: string): string {
  const forgotten = env.about.getBinary(forgottenKey(groupOf(channel)));
  return firstEpoch(readIncarnation(env), countOf(forgotten), channel);
}

/** The incarnation that the writer has announced, as the transaction that is open shows it; empty where there is none. */
export function readIncarnation({ about }: Environment): string {
  return textOf(about.getBinary(INCARNATION));
}

/** The writer's own: what it has decided and the disk has yet to take is in it. */
export class FirstEpochs {
  readonly #about: Environment["about"];
  readonly #incarnation: string;
  /** Ahead of the disk, which may not have the newest counts yet. */
  readonly #forgotten = new ForgottenLogs((group) => this.#stored(group));
  #isAnnounced = false;

  constructor({ about }: Environment, incarnation: string) {
    this.#about = about;
    this.#incarnation = incarnation;
  }

  /** What a new log of that name is called, and has been since before it was there. */
  of(channel: string): string {
    return firstEpoch(this.#incarnation, this.#forgotten.count(channel), channel);
  }

  /** A log that had entries is erased with `changes`. */
  forget(channel: string, changes: Changes): void {
    this.#forgotten.add(channel);
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(this.#forgotten.count(channel));
    changes.put(this.#about, forgottenKey(groupOf(channel)), bytes);
  }

  /** Has all processes name logs by the writer's incarnation, before any of them reads. */
  announce(): void {
    if (this.#findsAnnounced()) return;
    try {
      this.#about.putSync(INCARNATION, Buffer.from(this.#incarnation));
    } catch {
      // A disk that takes nothing may still be read from.
    }
  }

  /** The same with `changes`, where the disk did not take it earlier. Comes with every transaction. */
  announceWith(changes: Changes): void {
    if (!this.#findsAnnounced()) changes.put(this.#about, INCARNATION, Buffer.from(this.#incarnation));
  }

  #findsAnnounced(): boolean {
    if (this.#isAnnounced) return true;
    this.#about.resetReadTxn();
    const known = textOf(this.#about.getBinary(INCARNATION));
    this.#about.resetReadTxn();
    return (this.#isAnnounced = known === this.#incarnation);
  }

  #stored(group: number): number {
    this.#about.resetReadTxn();
    const count = countOf(this.#about.getBinary(forgottenKey(group)));
    this.#about.resetReadTxn();
    return count;
  }
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : Buffer.from(bytes).toString();
}

function countOf(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : Buffer.from(bytes).readDoubleBE(0);
}
