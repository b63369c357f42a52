/** Room names, and their place in the page's address: `#general`. */

/** The rooms that everyone sees. */
export const STARTING_ROOMS: readonly string[] = ["general", "random", "help"];

const STORED_AS = "tidemark-chat-rooms";
/** Rooms that were visited longest ago go first. */
const MOST_REMEMBERED = 20;

const MAX_LENGTH = 40;

/** A channel's name has at most 255 bytes, and letters beyond a-z are percent-encoded in it. */
const MAX_ENCODED_LENGTH = 200;

/**
 * The room that somebody means, or undefined when nothing is left of what they typed.
 *
 * @example cleanRoomName(" #Sea Lions! ") // "sea-lions"
 */
export function cleanRoomName(typed: string): string | undefined {
  const name = typed
    .normalize("NFC")
    .toLowerCase()
    .trim()
    .replace(/\s+/gu, "-")
    .replace(/[^\p{L}\p{N}\p{M}_-]/gu, "");
  const letters = Array.from(name).slice(0, MAX_LENGTH);
  while (encodeURIComponent(letters.join("")).length > MAX_ENCODED_LENGTH) letters.pop();
  const kept = letters.join("").replace(/^-+|-+$/gu, "");
  return kept === "" ? undefined : kept;
}

/** The room in an address's hash; undefined when there is none. */
export function roomFromHash(hash: string): string | undefined {
  try {
    return cleanRoomName(decodeURIComponent(hash.replace(/^#/u, "")));
  } catch {
    return undefined;
  }
}

export function hashOfRoom(name: string): string {
  return `#${encodeURIComponent(name)}`;
}

/** The rooms to choose from: those that everyone sees, then those that were visited here. */
export function loadRooms(storage: Storage = localStorage): string[] {
  return [...STARTING_ROOMS, ...visited(storage)];
}

/** Remembers a room that was visited. */
export function saveRoom(name: string, storage: Storage = localStorage): void {
  if (STARTING_ROOMS.includes(name)) return;
  const before = visited(storage);
  if (before.includes(name)) return;
  try {
    storage.setItem(STORED_AS, JSON.stringify([...before, name].slice(-MOST_REMEMBERED)));
  } catch {
    // Storage is full or forbidden: then the room is not in the list the next time.
  }
}

/** Takes a room off the list. */
export function forgetRoom(name: string, storage: Storage = localStorage): void {
  try {
    storage.setItem(STORED_AS, JSON.stringify(visited(storage).filter((each) => each !== name)));
  } catch {
    // As above: then it is in the list again the next time.
  }
}

function visited(storage: Storage): string[] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(STORED_AS) ?? "[]");
    if (!Array.isArray(stored)) return [];
    const names = stored.flatMap((each) => (typeof each === "string" ? (cleanRoomName(each) ?? []) : []));
    return [...new Set(names)].filter((name) => !STARTING_ROOMS.includes(name));
  } catch {
    return [];
  }
}
