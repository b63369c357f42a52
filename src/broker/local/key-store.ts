/**
 * The keys a log remembers, in memory as every broker has them and on the disk for the next process.
 *
 * On the disk each generation is a range of its own, so forgetting one is erasing a range. A text key is one
 * value: offset and print. A scope's ring lies in blocks of sequences: a publisher that counts up writes one
 * small block an append, whatever it remembers.
 */
import { timeOf } from "../../protocol/index.js";
import type { Key } from "../contract.js";
import { KeyMemory, textOf } from "../log/key-memory.js";
import type { KeyedDraft, Keys } from "../log/keys.js";
import type { Moment } from "../log/moment.js";
import type { SequenceRing } from "../log/sequence-ring.js";
import { GENERATION_KEY_BYTES, generationKey } from "./environment.js";
import type { LogShare } from "./log-share.js";
import { HASH_BYTES } from "./packed-keys.js";

const TEXT = 0;
const BLOCK = 1;
const BLOCK_SEQUENCES = 16;

export interface KeyStoreStart {
  /** The number of the log. */
  readonly number: number;
  /** The younger generation. */
  readonly generation: number;
  /** When that generation began, in wall time. */
  readonly turnedAt: number;
  /** Whether the offset of a key tells when it was remembered; otherwise it is taken for new once it is read. Default: true. */
  readonly offsetsTellTime?: boolean;
}

export class KeyStore implements Keys {
  readonly #share: LogShare;
  readonly #number: number;
  readonly #memory: KeyMemory;
  /** Scopes that lie whole in the younger generation. */
  readonly #whole = new Set<string>();
  /** Blocks that changed since the last {@link save}, by scope. */
  readonly #changed = new Map<string, Set<number>>();
  #generation: number;

  /** Reads what an earlier process left, if there is anything. */
  constructor(share: LogShare, start: KeyStoreStart, now: Moment) {
    this.#share = share;
    this.#number = start.number;
    this.#generation = start.generation;
    this.#memory = new KeyMemory(share.maxKeys, steadyOf(start.turnedAt, now));
    const { offsetsTellTime = true } = start;
    for (const older of [true, false]) {
      const generation = older ? start.generation - 1 : start.generation;
      if (generation >= 0) this.#load(generation, older, now, offsetsTellTime);
    }
  }

  get generation(): number {
    return this.#generation;
  }

  /** When the younger generation began, in wall time. */
  turnedAt(now: Moment): number {
    return now.wall - (now.steady - this.#memory.turnedAt);
  }

  /** As {@link KeyMemory.turn}; what is forgotten is erased from the disk, generation by generation. */
  turn(now: number, window: number): void {
    const turned = this.#memory.turn(now, window);
    if (turned === 0) return;
    // It belongs to the generation that it was remembered in. A scope that is used again is put whole.
    this.save();
    this.#whole.clear();
    const { eraser, commit } = this.#share;
    const first = Math.max(0, this.#generation - 1);
    this.#generation += turned;
    const start = generationKey(this.#number, first);
    const end = generationKey(this.#number, this.#generation - 1);
    eraser.add("keys", start, end, commit.changes);
  }

  hasRoomFor(drafts: readonly KeyedDraft[]): boolean {
    return this.#memory.hasRoomFor(drafts);
  }

  find(key: Key, now: number, window: number): number {
    return this.#memory.find(key, now, window);
  }

  remember(key: Key, offset: number, now: number): void {
    if (typeof key.id === "string") {
      const { env, commit } = this.#share;
      this.#memory.remember(key, offset, now);
      commit.changes.put(env.keys, this.#key(TEXT, key.id), doubles([offset, key.print]));
      return;
    }
    const before = this.#memory.ring(key.scope)?.lowest;
    this.#memory.remember(key, offset, now);
    const ring = this.#memory.ring(key.scope) as SequenceRing;
    if (this.#whole.has(key.scope)) this.#change(key.scope, blockOf(key.id));
    else {
      this.#whole.add(key.scope);
      for (const block of blocksOf(ring)) this.#change(key.scope, block);
    }
    // The block of the sequence that was forgotten may be empty now.
    if (before !== undefined && before !== ring.lowest) this.#change(key.scope, blockOf(before));
  }

  /** Puts the blocks that changed: once, however often they did. */
  save(): void {
    const { env, commit } = this.#share;
    for (const [scope, blocks] of this.#changed) {
      const ring = this.#memory.peek(scope);
      for (const block of blocks) {
        const records = ring?.records(block * BLOCK_SEQUENCES, (block + 1) * BLOCK_SEQUENCES) ?? [];
        const key = this.#key(BLOCK, scope, block);
        if (records.length === 0) commit.changes.remove(env.keys, key);
        else commit.changes.put(env.keys, key, doubles(records));
      }
    }
    this.#changed.clear();
  }

  #change(scope: string, block: number): void {
    const blocks = this.#changed.get(scope);
    if (blocks === undefined) this.#changed.set(scope, new Set([block]));
    else blocks.add(block);
  }

  #key(kind: number, hash: string, block?: number): Buffer {
    const key = Buffer.allocUnsafe(GENERATION_KEY_BYTES + 1 + HASH_BYTES + (block === undefined ? 0 : 8));
    key.set(generationKey(this.#number, this.#generation), 0);
    key[GENERATION_KEY_BYTES] = kind;
    key.write(hash, GENERATION_KEY_BYTES + 1, "latin1");
    if (block !== undefined) key.writeDoubleBE(block, GENERATION_KEY_BYTES + 1 + HASH_BYTES);
    return key;
  }

  #load(generation: number, older: boolean, now: Moment, offsetsTellTime: boolean): void {
    const { env } = this.#share;
    const start = generationKey(this.#number, generation);
    const end = generationKey(this.#number, generation + 1);
    env.keys.resetReadTxn();
    for (const { key, value } of env.keys.getRange({ start, end })) {
      const hash = Buffer.from(key).toString(
        "latin1",
        GENERATION_KEY_BYTES + 1,
        GENERATION_KEY_BYTES + 1 + HASH_BYTES,
      );
      const numbers = readDoubles(value);
      if (key[GENERATION_KEY_BYTES] === TEXT) {
        const [offset = 0, print = 0] = numbers;
        this.#memory.restoreText(textOf({ scope: "", id: hash, print }), older, offset, print);
        continue;
      }
      if (!older) this.#whole.add(hash);
      for (let i = 0; i < numbers.length; i += 3) {
        const [sequence = 0, offset = 0, print = 0] = numbers.slice(i, i + 3);
        const time = offsetsTellTime ? steadyOf(timeOf(offset), now) : now.steady;
        this.#memory.restoreSequence(hash, older, { sequence, offset, print, time });
      }
    }
    env.keys.resetReadTxn();
  }
}

/** A moment of wall time on the clock's steady face; never later than now. */
function steadyOf(wall: number, now: Moment): number {
  return now.steady - Math.max(0, now.wall - wall);
}

function blockOf(sequence: number): number {
  return Math.floor(sequence / BLOCK_SEQUENCES);
}

function blocksOf(ring: SequenceRing): Set<number> {
  const blocks = new Set<number>();
  const records = ring.records(-Infinity, Infinity);
  for (let i = 0; i < records.length; i += 3) blocks.add(blockOf(records[i] ?? 0));
  return blocks;
}

/** In this machine's own order: the files are read on no other. */
function doubles(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

function readDoubles(bytes: Uint8Array): Float64Array {
  // Aligned, as what LMDB gives is not.
  return new Float64Array(new Uint8Array(bytes).buffer);
}
