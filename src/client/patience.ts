import { waitOf } from "../protocol/index.js";

/** No sooner than this is a server asked again that says when, in milliseconds. */
const MIN_WAIT = 100;

/**
 * How long to wait before the next connection, in milliseconds.
 *
 * @param after what the server has said, where it has
 * @param jittered what is waited where nothing was said
 */
export function waitBefore(after: number | undefined, jittered: number): number {
  // What the server says counts, but not for a loop: only when nothing was wrong with it there is no wait at all.
  return after ? Math.max(after, Math.min(jittered, MIN_WAIT * 10), MIN_WAIT) : (after ?? jittered);
}

/**
 * How long to stay with a server that has asked to leave, in milliseconds.
 *
 * @param after how long it has said, in whatever form
 * @param more to be added: of servers that all say so at once, each is left later than the one before
 */
export function stayFor(after: unknown, more: number): number {
  return Math.max(waitOf(after) ?? 0, MIN_WAIT) + more;
}
