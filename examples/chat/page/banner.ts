/** What the page says about its connection. */

export type Status = "connecting" | "online" | "offline" | "closed";

/** Beside the dot in the head of the page. */
export const STATUS_LABELS: Readonly<Record<Status, string>> = {
  connecting: "Connecting…",
  online: "Online",
  offline: "Offline",
  closed: "Disconnected",
};

/**
 * The banner's text; empty when there is nothing to say.
 *
 * @param wasOnline whether there was a connection before: the first attempt is no news
 */
export function bannerText(status: Status, wasOnline: boolean): string {
  switch (status) {
    case "online":
      return "";
    case "connecting":
      return wasOnline ? OFFLINE : "";
    case "offline":
      return OFFLINE;
    case "closed":
      return "The server has ended this connection. Reload the page to come back.";
  }
}

const OFFLINE = "Offline – your messages wait here and go out when you are back";

/**
 * The button over the messages of a reader who is further up.
 *
 * @example pillText(2) // "2 new messages ↓"
 */
export function pillText(unread: number): string {
  if (unread === 0) return "To the newest ↓";
  return unread === 1 ? "1 new message ↓" : `${unread} new messages ↓`;
}

/**
 * Above the box in which one writes, where the room is in slow mode.
 *
 * @param every milliseconds between two messages
 * @param left milliseconds until the next one may be sent
 */
export function slowText(every: number, left: number): string {
  const rule = `Slow mode: one message every ${every / 1000} s`;
  return left > 0 ? `${rule}. Yours in ${Math.ceil(left / 1000)} s` : rule;
}
