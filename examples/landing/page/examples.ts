/** What the start page shows: an example that is new only has to be added here. */

export interface Example {
  readonly title: string;
  /** From the start page. */
  readonly href: string;
  readonly about: string;
  /** What of Tidemark it shows. */
  readonly shows: readonly string[];
}

export const EXAMPLES: readonly Example[] = [
  {
    title: "Chat",
    href: "./chat/",
    about:
      "Rooms that remember, with edits, reactions, threads, images, mentions and read receipts. Open it in two windows, pull the plug on one, keep writing in both, and plug it in again.",
    shows: ["stream", "transient", "bytes", "presence", "history", "outbox", "hooks"],
  },
  {
    title: "Dashboard",
    href: "./dashboard/",
    about:
      "A market of 20,000 changes a second, a fleet, and this very server. Make your link slow, block the tab, cut yourself off, and see what still comes: the newest of everything, and never half a change.",
    shows: ["state", "rate", "filters", "conditions", "ttl", "deflate", "methods"],
  },
];
