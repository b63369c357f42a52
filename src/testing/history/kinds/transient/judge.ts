import type { MessageId, SignalEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { ChannelEvent, Kind, KindJudge } from "../../kind-judge.js";

/** Channels without a log. */
export const TRANSIENT: Kind = {
  begins: isSignal,
  judge: (findings) => new TransientJudge(findings),
};

/** Judges channels without a log: nothing made up, nothing twice, and each sender's in their order. */
class TransientJudge implements KindJudge {
  readonly #findings: Findings;
  readonly #sent = new Map<MessageId, { readonly connection: string; readonly number: number }>();
  /** Per listening connection and sending connection: the last one heard. */
  readonly #heard = new Map<string, number>();
  #numbers = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  on(event: ChannelEvent): void {
    if (!isSignal(event)) {
      this.#findings.add("transients", `a channel without a log has a ${event.is}`);
      return;
    }
    const { id, connection, channel } = event;
    if (event.is === "signal") {
      this.#sent.set(id, { connection, number: ++this.#numbers });
      return;
    }
    const sent = this.#sent.get(id);
    if (sent === undefined) {
      this.#findings.add("transients", `${event.subscriber} heard ${id} on ${channel}, which nobody sent`);
      return;
    }
    const key = `${event.subscriber} ${connection} ${sent.connection} ${channel}`;
    const last = this.#heard.get(key) ?? 0;
    if (sent.number === last)
      this.#findings.add("transients", `${event.subscriber} heard ${id} on ${channel} twice`);
    if (sent.number < last)
      this.#findings.add("transients", `${event.subscriber} heard ${id} on ${channel} after a later one`);
    this.#heard.set(key, Math.max(last, sent.number));
  }

  // What is lost on the way is lost, with faults and without: nothing is owed to anybody, then or later.
  calm(): void {}
  quiet(): void {}
  end(): void {}
}

function isSignal(event: ChannelEvent): event is SignalEvent {
  return event.is === "signal" || event.is === "heard";
}
