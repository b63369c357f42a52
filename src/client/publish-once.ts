import { TidemarkError, fromReply } from "./errors.js";
import type { Payload } from "./payload.js";
import type { Published } from "./published.js";
import type { Wire } from "./wire.js";

/** Publishes where there is nothing to retry with: once, to those who are there. See `ClientHost`. */
export function publishOnce(wire: Wire, channel: string, { body, bytes, size }: Payload): Promise<Published> {
  return new Promise((resolve, reject) => {
    const problem = wire.open
      ? wire.tooLarge(size, wire.limits.message)
      : new TidemarkError("offline", "there is no connection", { retry: true, channel });
    if (problem) {
      reject(problem);
      return;
    }
    wire.request(
      `"publish":${JSON.stringify(channel)},${body}`,
      (error) => (!error ? resolve({ offset: 0 }) : reject(fromReply(error, channel))),
      bytes,
    );
  });
}
