/**
 * Who is sitting here, as far as this demo knows: a name, and an id that the server makes of a secret. Whoever has
 * the secret is this user; it is told to the server only, and kept in this browser.
 */
import { MAX_NAME } from "../limits.js";

/** What this browser made up, before the server has said which id that makes. */
export interface Claim {
  readonly secret: string;
  readonly name: string;
}

export interface Identity extends Claim {
  readonly id: string;
}

export const MAX_NAME_LENGTH = MAX_NAME;

const STORED_AS = "tidemark-chat-me";

/** Who it was the last time; undefined on a first visit. */
export function loadIdentity(storage: Storage = localStorage): Identity | undefined {
  try {
    return parseIdentity(JSON.parse(storage.getItem(STORED_AS) ?? "null"));
  } catch {
    return undefined;
  }
}

/** Somebody new. */
export function newClaim(name: string): Claim {
  return { secret: randomKey(), name };
}

/** Keeps it for the next visit. */
export function saveIdentity(identity: Identity, storage: Storage = localStorage): void {
  try {
    storage.setItem(STORED_AS, JSON.stringify(identity));
  } catch {
    // Storage is full or forbidden, as in some private windows: then it is somebody new next time.
  }
}

/** A name without the blanks around it, at most as long as the server takes; undefined if nothing is left. */
export function cleanName(typed: string): string | undefined {
  const name = cut(typed.replace(/\s+/gu, " ").trim(), MAX_NAME_LENGTH).trim();
  return /[\p{L}\p{N}\p{S}]/u.test(name) ? name : undefined;
}

/** What the server's `authenticate` gets. A real app would have a signed token from its login. */
export function tokenOf({ secret, name }: Claim): string {
  return JSON.stringify({ secret, name });
}

/** 22 random letters and digits. Not `crypto.randomUUID`, which pages on plain http do not have. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(22));
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
}

/** The beginning of a text, in the units that the server counts, and never half a character. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/u, "");
}

function parseIdentity(value: unknown): Identity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("id" in value) || !("secret" in value) || !("name" in value)) return undefined;
  const { id, secret, name } = value;
  if (typeof id !== "string" || id === "" || typeof secret !== "string") return undefined;
  if (secret.length < 16 || secret.length > 64) return undefined;
  const clean = typeof name === "string" ? cleanName(name) : undefined;
  return clean === undefined ? undefined : { id, secret, name: clean };
}
