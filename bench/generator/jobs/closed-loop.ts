/**
 * Fan-out with a fixed number of messages in flight: the next one is published when one has reached every
 * subscriber. All that is due in a turn is sent in one write, as a busy client would.
 */
import { gather } from "../crowd.js";
import { micros, payloadAt } from "../dialect.js";
import { settled, Tally, type Job, type Reading, type Target } from "../job.js";
import { Member } from "../member.js";

export interface ClosedLoopSpec {
  readonly job: "closed loop";
  readonly channel: string;
  readonly subscribers: number;
  readonly inFlight: number;
  /** Bytes of a message's payload. */
  readonly payload: number;
}

export class ClosedLoop implements Job {
  readonly #spec: ClosedLoopSpec;
  readonly #tally = new Tally();
  /** How many subscribers have got each of the messages in flight: a ring, since they are done in their order. */
  readonly #reached: Int32Array;
  #members: Member[] = [];
  #publisher: Member | undefined;
  #due = 0;
  #scheduled = false;
  #running = false;

  private constructor(spec: ClosedLoopSpec) {
    this.#spec = spec;
    this.#reached = new Int32Array(spec.inFlight);
  }

  static async prepare(target: Target, spec: ClosedLoopSpec): Promise<ClosedLoop> {
    const loop = new ClosedLoop(spec);
    const events = {
      messages: (member: Member, count: number) => loop.#received(member, count),
      lost: () => void loop.#tally.lost++,
    };
    // Never used before: it is the scope of the publisher's idempotency keys.
    const name = `closed-${process.pid}-${micros()}`;
    const channels = Array.from({ length: spec.subscribers }, () => [spec.channel]);
    loop.#members = await gather({ ...target, name, events, channels });
    loop.#publisher = await Member.join({ ...target, name: `${name}-publisher`, channels: [], events });
    return loop;
  }

  run(): void {
    this.#running = true;
    this.#publish(this.#spec.inFlight);
  }

  reading(): Reading {
    const { deliveries, answers, lost } = this.#tally;
    return {
      at: micros(),
      deliveries,
      answers,
      lost,
      connections: this.#members.length + 1,
      latencies: [],
      slowest: 0,
    };
  }

  forget(): void {}

  async stop(): Promise<void> {
    this.#running = false;
    await settled(() => this.#tally.deliveries);
  }

  leave(): void {
    for (const member of [...this.#members, this.#publisher]) member?.wire.destroy();
  }

  /** Hot path. */
  #received(member: Member, count: number): void {
    const reached = this.#reached;
    const { length } = reached;
    const all = this.#members.length;
    let slot = member.count % length;
    for (let i = 0; i < count; i++) {
      const now = (reached[slot] as number) + 1;
      if (now === all) {
        reached[slot] = 0;
        this.#publish(1);
      } else reached[slot] = now;
      slot = slot + 1 === length ? 0 : slot + 1;
    }
    member.count += count;
    this.#tally.deliveries += count;
  }

  #publish(count: number): void {
    this.#due += count;
    if (this.#scheduled || !this.#running) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const publisher = this.#publisher as Member;
      const payload = payloadAt(micros(), this.#spec.payload);
      const frames: Buffer[] = [];
      for (; this.#due > 0; this.#due--) frames.push(publisher.publishFrame(this.#spec.channel, payload));
      publisher.wire.send(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
    });
  }
}
