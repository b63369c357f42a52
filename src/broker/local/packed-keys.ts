/**
 * Idempotency keys as bytes of one size: scopes and text ids become hashes of 128 bits, so that what the disk and
 * the socket carry of a key does not depend on how long a name somebody chose.
 *
 * A packed key: kind (u8), hash (16 bytes), sequence, print (f64 each, big-endian).
 */
import { createHash } from "node:crypto";
import type { KeyedDraft } from "../log/keys.js";

export const HASH_BYTES = 16;
const KEY_BYTES = 1 + HASH_BYTES + 16;
const SEQUENCE = 0;
const TEXT = 1;

/** Scopes whose hash is remembered; then all are forgotten together. */
const MAX_SCOPES = 10_000;

/** Packs keys. Remembers the hashes of the scopes in use: a publisher has one for all of its publishes. */
export class KeyPacker {
  readonly #scopes = new Map<string, Buffer>();

  pack(drafts: readonly KeyedDraft[]): Buffer {
    const bytes = Buffer.allocUnsafe(drafts.length * KEY_BYTES);
    let at = 0;
    for (const { key } of drafts) {
      const isText = typeof key.id === "string";
      bytes[at] = isText ? TEXT : SEQUENCE;
      bytes.set(
        isText ? hashOf(`${key.scope.length}:${key.scope}${key.id}`) : this.#scope(key.scope),
        at + 1,
      );
      bytes.writeDoubleBE(isText ? 0 : Number(key.id), at + 1 + HASH_BYTES);
      bytes.writeDoubleBE(key.print, at + 9 + HASH_BYTES);
      at += KEY_BYTES;
    }
    return bytes;
  }

  #scope(scope: string): Buffer {
    let hash = this.#scopes.get(scope);
    if (hash === undefined) {
      if (this.#scopes.size >= MAX_SCOPES) this.#scopes.clear();
      hash = hashOf(scope);
      this.#scopes.set(scope, hash);
    }
    return hash;
  }
}

/** How many keys were packed. */
export function keysIn(bytes: Buffer): number {
  return bytes.length / KEY_BYTES;
}

/**
 * Drafts with keys in which hashes stand for names: a sequence has its scope's as scope, a text key its own as id.
 *
 * @param within the milliseconds that are left for each
 * @param reigns the token that each is written under
 */
export function unpackKeys(
  bytes: Buffer,
  within?: readonly number[],
  reigns?: readonly string[],
): KeyedDraft[] {
  const drafts: KeyedDraft[] = [];
  for (let at = 0; at < bytes.length; at += KEY_BYTES) {
    const hash = bytes.toString("latin1", at + 1, at + 1 + HASH_BYTES);
    const sequence = bytes.readDoubleBE(at + 1 + HASH_BYTES);
    const print = bytes.readDoubleBE(at + 9 + HASH_BYTES);
    const key = bytes[at] === TEXT ? { scope: "", id: hash, print } : { scope: hash, id: sequence, print };
    if (within === undefined && reigns === undefined) drafts.push({ key });
    else {
      const i = drafts.length;
      drafts.push({ key, within: within?.[i] ?? Infinity, reign: reigns?.[i] ?? "" });
    }
  }
  return drafts;
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest().subarray(0, HASH_BYTES);
}
