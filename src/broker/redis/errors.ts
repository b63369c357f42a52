import { BrokerError } from "../contract.js";
import { noOffsetLeft } from "../log/offset-range.js";

/** Answers of Redis that say: nothing was done, and it may be done a little later, perhaps elsewhere. */
const NOT_NOW = new Set([
  "LOADING",
  "READONLY",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "TRYAGAIN",
  "BUSY",
  "MOVED",
  "ASK",
]);

/** The first word of an error that Redis answered with; undefined for any other, such as a lost connection. */
export function replyCode(error: unknown): string | undefined {
  // ioredis names them so in all of its versions; the class is not exported.
  if (!(error instanceof Error) || error.name !== "ReplyError") return undefined;
  return /^-?([A-Z]+)\b/.exec(error.message)?.[1];
}

/** Whether Redis has certainly done nothing, and may do it when it is asked again. */
export function mayBeRepeated(error: unknown): boolean {
  const code = replyCode(error);
  return code !== undefined && NOT_NOW.has(code);
}

/** What the contract has for an error of the client or of Redis. */
export function toBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const { message } = error instanceof Error ? error : new Error(String(error));
  switch (replyCode(error)) {
    case "KEYSFULL":
      return new BrokerError(
        "unavailable",
        "the channel remembers as many keys as it may; retry within its dedupe window",
      );
    case "OFFSETS":
      return noOffsetLeft();
    case "OOM":
      return new BrokerError("unavailable", "Redis is out of memory; raise maxmemory or keep less", {
        cause: error,
      });
    case "TOOLATE":
    case "OTHERCLOCK":
      return new BrokerError("unavailable", "the call came to Redis too late; retry", { cause: error });
    case undefined:
      return new BrokerError("unavailable", `the connection to Redis was lost: ${message}`, { cause: error });
    default:
      return new BrokerError("unavailable", `Redis refused: ${message}`, { cause: error });
  }
}
