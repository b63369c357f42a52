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
];
