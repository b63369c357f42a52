/** What the server and the page agree on. The server checks it all; the page only says it in time. */

/** Characters in a message. */
export const MAX_TEXT = 2000;

/** Characters in somebody's name. */
export const MAX_NAME = 40;

/** Bytes in an image: a message of the server's has at most 64 KiB. */
export const MAX_IMAGE_BYTES = 60_000;

/** What an `<img>` shows and cannot run: no SVG. */
export const IMAGE_TYPES = ["image/webp", "image/jpeg", "image/png", "image/gif"] as const;

export type ImageType = (typeof IMAGE_TYPES)[number];

/** Rooms in slow mode: so many milliseconds are between two messages of one person. */
const SLOW_ROOMS: Readonly<Record<string, number>> = { help: 10_000 };

/** How long one has to wait between two messages in this room, in milliseconds; 0 where one need not. */
export function slowModeOf(room: string): number {
  return Object.hasOwn(SLOW_ROOMS, room) ? (SLOW_ROOMS[room] ?? 0) : 0;
}
