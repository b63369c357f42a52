/** How long a channel waits before a failed or stale read is tried again, in milliseconds. */
export const RETRY_MS = 250;
