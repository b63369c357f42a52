/** Who is sitting here, as far as this demo knows: a name, and an id that this browser made up once. */

export interface Identity {
  readonly id: string;
  readonly name: string;
}

export const MAX_NAME_LENGTH = 40;

const STORED_AS = "tidemark-chat-me";

/** Who it was the last time; undefined on a first visit. */
export function loadIdentity(storage: Storage = localStorage): Identity | undefined {
  try {
    return parseIdentity(JSON.parse(storage.getItem(STORED_AS) ?? "null"));
  } catch {
    return undefined;
  }
}

/** Keeps the name for the next visit; the id stays as it was. */
export function saveIdentity(
  name: string,
  before: Identity | undefined,
  storage: Storage = localStorage,
): Identity {
  const identity = { id: before?.id ?? randomKey(), name };
  try {
    storage.setItem(STORED_AS, JSON.stringify(identity));
  } catch {
    // Storage is full or forbidden, as in some private windows: then it is a new name next time.
  }
  return identity;
}

/** A name without the blanks around it, at most as long as the server takes; undefined if nothing is left. */
export function cleanName(typed: string): string | undefined {
  const name = cut(typed.replace(/\s+/gu, " ").trim(), MAX_NAME_LENGTH).trim();
  return /[\p{L}\p{N}\p{S}]/u.test(name) ? name : undefined;
}

/** What the server's `authenticate` gets. A real app would have a signed token from its login. */
export function tokenOf({ id, name }: Identity): string {
  return JSON.stringify({ id, name });
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
  if (!("id" in value) || !("name" in value)) return undefined;
  const { id, name } = value;
  if (typeof id !== "string" || id.length < 8 || id.length > 64) return undefined;
  const clean = typeof name === "string" ? cleanName(name) : undefined;
  return clean === undefined ? undefined : { id, name: clean };
}
