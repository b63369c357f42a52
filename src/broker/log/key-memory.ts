import type { Key } from "../contract.js";
import { CONFLICT, NEW, type KeyedDraft, type Keys } from "./keys.js";
import { SequenceRing } from "./sequence-ring.js";

/** How many text keys one log remembers before its appends fail: 100,000. */
export const DEFAULT_MAX_KEYS = 100_000;

/** A log remembers this many times as many scopes as text keys: every honest publisher is one. */
const SCOPES_PER_KEY = 10;

/** One remembered sequence; its time is on the clock's steady face. */
export interface SequenceRecord {
  readonly sequence: number;
  readonly offset: number;
  readonly print: number;
  readonly time: number;
}

interface TextKey {
  readonly offset: number;
  readonly print: number;
}

/**
 * Which keys one log has seen. Text keys and scopes live in two generations that change places once a window: a
 * text key is remembered for at least one window after its append, a scope for at least one after its last use,
 * and both for less than two. At the cap appends fail; the window never shrinks silently.
 */
export class KeyMemory implements Keys {
  readonly #maxKeys: number;
  #texts = new Map<string, TextKey>();
  #olderTexts = new Map<string, TextKey>();
  #scopes = new Map<string, SequenceRing>();
  #olderScopes = new Map<string, SequenceRing>();
  #turnedAt: number;

  constructor(maxKeys: number, now: number) {
    this.#maxKeys = maxKeys;
    this.#turnedAt = now;
  }

  /** How many text keys and scopes are remembered. */
  get size(): number {
    return this.#texts.size + this.#olderTexts.size + this.#scopes.size + this.#olderScopes.size;
  }

  /**
   * Forgets what is older than `window` milliseconds of steady time. Comes before every use. Returns by how many
   * generations everything has aged: 0, 1, or 2 when all is forgotten.
   */
  turn(now: number, window: number): 0 | 1 | 2 {
    const passed = now - this.#turnedAt;
    if (passed < window) return 0;
    // After two windows without use even the younger generation is older than one window.
    const idle = passed >= 2 * window;
    this.#olderTexts = idle ? new Map() : this.#texts;
    this.#olderScopes = idle ? new Map() : this.#scopes;
    this.#texts = new Map();
    this.#scopes = new Map();
    this.#turnedAt = now;
    return idle ? 2 : 1;
  }

  /** When the younger generation began, in steady time. */
  get turnedAt(): number {
    return this.#turnedAt;
  }

  /** Puts back a text key that an earlier process remembered, under the text it is known by. */
  restoreText(text: string, older: boolean, offset: number, print: number): void {
    (older ? this.#olderTexts : this.#texts).set(text, { offset, print });
  }

  /** Puts back a scope's sequence that an earlier process remembered. */
  restoreSequence(scope: string, older: boolean, record: SequenceRecord): void {
    const scopes = older ? this.#olderScopes : this.#scopes;
    const ring = (older ? undefined : this.ring(scope)) ?? scopes.get(scope) ?? new SequenceRing();
    scopes.set(scope, ring);
    if (ring.find(record.sequence, record.print, -Infinity) !== NEW) return;
    ring.insert(record.sequence, record.offset, record.print, record.time);
  }

  hasRoomFor(drafts: readonly KeyedDraft[]): boolean {
    // The usual case costs no look-up.
    const texts = this.#texts.size + this.#olderTexts.size;
    const scopes = this.#scopes.size + this.#olderScopes.size;
    const maxScopes = this.#maxKeys * SCOPES_PER_KEY;
    if (texts + drafts.length <= this.#maxKeys && scopes + drafts.length <= maxScopes) return true;
    const newTexts = new Set<string>();
    const newScopes = new Set<string>();
    for (const { key } of drafts) {
      if (typeof key.id === "string") {
        if (this.#text(key) === undefined) newTexts.add(textOf(key));
      } else if (this.ring(key.scope) === undefined) newScopes.add(key.scope);
    }
    const fits = (size: number, more: number, most: number): boolean => more === 0 || size + more <= most;
    return fits(texts, newTexts.size, this.#maxKeys) && fits(scopes, newScopes.size, maxScopes);
  }

  find(key: Key, now: number, window: number): number {
    if (typeof key.id === "number") {
      return this.ring(key.scope)?.find(key.id, key.print, now - window) ?? NEW;
    }
    const known = this.#text(key);
    if (known === undefined) return NEW;
    return known.print === key.print ? known.offset : CONFLICT;
  }

  remember(key: Key, offset: number, now: number): void {
    if (typeof key.id === "string") {
      this.#texts.set(textOf(key), { offset, print: key.print });
      return;
    }
    let ring = this.ring(key.scope);
    if (ring === undefined) {
      ring = new SequenceRing();
      this.#scopes.set(key.scope, ring);
    }
    ring.insert(key.id, offset, key.print, now);
  }

  clone(): KeyMemory {
    const copy = new KeyMemory(this.#maxKeys, this.#turnedAt);
    copy.#texts = new Map(this.#texts);
    copy.#olderTexts = new Map(this.#olderTexts);
    for (const [scope, ring] of this.#scopes) copy.#scopes.set(scope, ring.clone());
    for (const [scope, ring] of this.#olderScopes) copy.#olderScopes.set(scope, ring.clone());
    return copy;
  }

  #text(key: Key): TextKey | undefined {
    const text = textOf(key);
    return this.#texts.get(text) ?? this.#olderTexts.get(text);
  }

  /** The scope's ring, without its being a use. */
  peek(scope: string): SequenceRing | undefined {
    return this.#scopes.get(scope) ?? this.#olderScopes.get(scope);
  }

  /** The scope's ring; a look-up counts as use. */
  ring(scope: string): SequenceRing | undefined {
    const young = this.#scopes.get(scope);
    if (young !== undefined) return young;
    const old = this.#olderScopes.get(scope);
    if (old === undefined) return undefined;
    this.#olderScopes.delete(scope);
    this.#scopes.set(scope, old);
    return old;
  }
}

/** Scope and id as one text; the length keeps ("a", "bc") and ("ab", "c") apart. */
export function textOf(key: Key): string {
  return `${key.scope.length}:${key.scope}${key.id}`;
}
