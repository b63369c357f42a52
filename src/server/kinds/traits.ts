import type { Kind as KindName } from "../../protocol/index.js";

/** What is true of a kind, whatever it is made of. */
export interface Traits {
  /** What clients call it. */
  readonly name: KindName;
  /** Where a subscription begins that does not say it: with what comes next, or with all that there is. */
  readonly begins: "head" | "start";
  /** Whether what was published can be read page by page. */
  readonly history: boolean;
  /** How a client gets a handle of such a channel: for whoever has used another kind's. */
  handle(channel: string): string;
}
