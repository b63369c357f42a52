/**
 * Fan-out with a fixed number of messages in flight: the next one is published when one has reached every
 * subscriber. All that is due in a turn is sent in one write, as a busy client would.
 */
import { gather, type CrowdOptions } from "../crowd.js";
import { Histogram } from "../histogram.js";
import { settled, Tally, type Job, type Reading } from "../job.js";
import { recordLatencies } from "../latencies.js";
import { Member, type Target } from "../member.js";
import { micros, payloadAt } from "../payload.js";
import type { JoinOptions } from "./traffic.js";

/** What {@link ClosedLoop} does. */
export interface ClosedLoopSpec {
  readonly job: "closed loop";
  readonly channel: string;
  readonly subscribers: number;
  readonly inFlight: number;
  /** Bytes of a message's payload. */
  readonly payload: number;
  /** Whether deliveries are timed, which costs the generator as much as all else. */
  readonly timed?: boolean;
}

/** Fan-out on one channel: the next message is published when one of those in flight has reached everybody. */
export class ClosedLoop implements Job {
  readonly #spec: ClosedLoopSpec;
  readonly #tally = new Tally();
  readonly #histogram = new Histogram();
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

  /** Joins them all. Rejects with a `LoadError` when the server does not want one of them. */
  static async prepare(target: Target, spec: ClosedLoopSpec, options: JoinOptions = {}): Promise<ClosedLoop> {
    const loop = new ClosedLoop(spec);
    const { timed = false } = spec;
    const events = {
      ...loop.#tally.events,
      messages: (member: Member, count: number, bytes: Uint8Array, start: number) => {
        if (timed) recordLatencies(loop.#histogram, member, count, bytes, start);
        loop.#received(member, count);
      },
    };
    // Never used before: it is the scope of the publisher's idempotency keys.
    const name = `closed-${process.pid}-${micros()}`;
    try {
      await loop.#join({ ...target, ...options, name, events });
    } catch (error) {
      loop.leave();
      throw error;
    }
    return loop;
  }

  async #join(crowd: Omit<CrowdOptions, "channels">): Promise<void> {
    const { subscribers, channel } = this.#spec;
    this.#members = await gather({
      ...crowd,
      channels: Array.from({ length: subscribers }, () => [channel]),
    });
    const { joined: _, ...rest } = crowd;
    this.#publisher = await Member.join({ ...rest, name: `${crowd.name}-publisher`, channels: [] });
  }

  run(): void {
    this.#running = true;
    this.#publish(this.#spec.inFlight);
  }

  reading(): Reading {
    return {
      ...this.#tally.reading(),
      at: micros(),
      connections: this.#members.length + 1,
      latencies: this.#histogram.buckets(),
      slowest: this.#histogram.max,
    };
  }

  forget(): void {
    this.#histogram.clear();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await settled(() => this.#tally.deliveries);
  }

  leave(): void {
    this.#running = false;
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
      this.#tally.published += this.#due;
      for (; this.#due > 0; this.#due--) frames.push(publisher.publishFrame(this.#spec.channel, payload));
      publisher.wire.send(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
    });
  }
}
