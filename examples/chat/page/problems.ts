/** Why a message was not sent, as a person would say it. */
export function problemOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  switch (code) {
    case "outcome_unknown":
      return "It is not known whether this was sent.";
    case "outbox_full":
      return "Too many messages are waiting already.";
    case "rate_limited":
      return "Not sent: too many at once.";
    case "forbidden":
      return "Not sent: you may not write here.";
    case "invalid":
    case "too_large":
      return "Not sent: the server does not take such a message.";
    default:
      return "Not sent.";
  }
}
