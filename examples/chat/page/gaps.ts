/** What to say where messages are missing. */

/** Why they are: docs/protocol.md tells them apart. */
export type GapReason = "trimmed" | "epoch" | "rollback" | "failover";

export function gapText(reason: GapReason): string {
  switch (reason) {
    case "trimmed":
      return "Some messages are gone: you were away for longer than they are kept";
    case "epoch":
      return "The server began a new history here: some messages are gone";
    case "rollback":
      return "The server lost messages that were here";
    case "failover":
      return "The server may have lost some messages here";
  }
}
