/** How long the broker of Redis waits before it does something once more, in milliseconds. */

/** Before a call that Redis answered with "not now" is made again. */
export const CALL_AGAIN_MS = 50;
/** Before topics without a home are looked at again. */
export const TOPICS_AGAIN_MS = 100;
/** Before joins and leaves that failed are told again. */
export const PRESENCE_AGAIN_MS = 500;
/** Asking more often where a cluster's slots are finds nothing new. */
export const SLOTS_AGAIN_MS = 200;
/** Before a connection is tried again: doubling, from the first to the second. */
export const FIRST_CONNECT_AGAIN_MS = 50;
export const MOST_CONNECT_AGAIN_MS = 2000;
