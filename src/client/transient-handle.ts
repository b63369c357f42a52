import { TidemarkError, fromReply } from "./errors.js";
import { Handle } from "./handle.js";
import { payloadOf } from "./payload.js";
import type { Transient } from "./types.js";

/** A handle on a channel without a log. */
export class TransientHandle extends Handle implements Transient {
  publish(data: unknown): Promise<void> {
    const answer = this.#send(data);
    // What is lost here is not missed by anyone: an application need not look.
    answer.catch(() => {});
    return answer;
  }

  async #send(data: unknown): Promise<void> {
    const over = this.overError();
    if (over !== undefined) throw over;
    const { body, bytes } = payloadOf(data);
    const { wire } = this.host;
    const channel = this.name;
    if (!wire.open) {
      throw new TidemarkError("offline", "there is no connection", { retry: true, channel });
    }
    await new Promise<void>((resolve, reject) => {
      const reply = {
        ok: () => resolve(),
        error: (error: Parameters<typeof fromReply>[0]) => reject(fromReply(error, channel)),
        lost: () => {
          const message = "the connection was lost before the answer came";
          reject(new TidemarkError("outcome_unknown", message, { channel }));
        },
      };
      wire.request(`"publish":${JSON.stringify(channel)},${body}`, reply, bytes);
    });
  }
}
