/** Why a message was not sent, as a person would say it. */
export function problemOf(error: unknown): string {
  switch (codeOf(error)) {
    case "slow_mode":
      // The server's own words: how long one has to wait.
      return error instanceof Error ? error.message : "Not sent: slow mode.";
    case "outcome_unknown":
      return "It is not known whether this was sent.";
    case "outbox_full":
      return "Too many messages are waiting already.";
    case "rate_limited":
      return "Not sent: too many at once.";
    case "forbidden":
      return "Not sent: you may not do that here.";
    case "not_found":
      return "Not done: that message is no longer kept.";
    case "invalid":
    case "too_large":
      return "Not sent: the server does not take such a message.";
    default:
      return "Not sent.";
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
