/** Requests and their answers: each member has a fixed number of them under way. */
import {
  gather,
  micros,
  payloadAt,
  settled,
  Tally,
  type Job,
  type Member,
  type Reading,
  type Target,
} from "tidemark/load";

export interface RequestsSpec {
  readonly job: "requests";
  readonly members: number;
  readonly inFlight: number;
  readonly payload: number;
}

export class Requests implements Job {
  readonly #spec: RequestsSpec;
  readonly #tally = new Tally();
  #members: Member[] = [];
  /** How many requests each member owes, and who owes any. */
  readonly #due = new Map<Member, number>();
  #running = false;

  private constructor(spec: RequestsSpec) {
    this.#spec = spec;
  }

  static async prepare(target: Target, spec: RequestsSpec): Promise<Requests> {
    const job = new Requests(spec);
    const events = {
      messages: () => {},
      answer: (member: Member) => job.#answered(member),
      lost: job.#tally.events.lost,
    };
    const channels = Array.from({ length: spec.members }, () => []);
    job.#members = await gather({ ...target, name: `requests-${process.pid}-${micros()}`, events, channels });
    return job;
  }

  run(): void {
    this.#running = true;
    for (const member of this.#members) this.#ask(member, this.#spec.inFlight);
  }

  reading(): Reading {
    return {
      ...this.#tally.reading(),
      at: micros(),
      connections: this.#members.length,
      latencies: [],
      slowest: 0,
    };
  }

  forget(): void {}

  async stop(): Promise<void> {
    this.#running = false;
    await settled(() => this.#tally.answers);
  }

  leave(): void {
    for (const { wire } of this.#members) wire.destroy();
  }

  /** Hot path. */
  #answered(member: Member): void {
    this.#tally.answers++;
    if (this.#running) this.#ask(member, 1);
  }

  #ask(member: Member, count: number): void {
    if (this.#due.size === 0) setImmediate(() => this.#send());
    this.#due.set(member, (this.#due.get(member) ?? 0) + count);
  }

  /** What a member owes after a turn goes in one write, as from a busy client. */
  #send(): void {
    const payload = payloadAt(micros(), this.#spec.payload);
    for (const [member, count] of this.#due) {
      if (count === 1) member.wire.send(member.requestFrame(payload));
      else member.wire.send(Buffer.concat(Array.from({ length: count }, () => member.requestFrame(payload))));
    }
    this.#due.clear();
  }
}
