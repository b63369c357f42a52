import type { MessageId, SignalEvent } from "./events.js";
import type { Findings } from "./findings.js";

/** Judges channels without a log: nothing made up, nothing twice, and each sender's in their order. */
export class SignalJudge {
  readonly #findings: Findings;
  readonly #sent = new Map<MessageId, { readonly connection: string; readonly number: number }>();
  /** Per listening connection and sending connection: the last one heard. */
  readonly #heard = new Map<string, number>();
  #numbers = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  on(event: SignalEvent): void {
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
}
