/**
 * Fan-out with a fixed number of messages in flight: the next one is published when one has reached every
 * subscriber. All that is due in a turn is sent in one write, as a busy client would.
 */
import { gather, type CrowdOptions } from "./crowd.js";
import { micros, payloadAt } from "./dialect.js";
import { Member } from "./member.js";

export interface ClosedLoopOptions extends Pick<CrowdOptions, "port" | "host" | "dialect"> {
  readonly channel: string;
  readonly subscribers: number;
  readonly inFlight: number;
  /** Bytes of a message's payload. */
  readonly payload: number;
  readonly onLost: (reason: string) => void;
}

export class ClosedLoop {
  readonly #options: ClosedLoopOptions;
  /** How many subscribers have got each of the messages in flight: a ring, since they are done in their order. */
  readonly #reached: Int32Array;
  #members: Member[] = [];
  #publisher: Member | undefined;
  #due = 0;
  #scheduled = false;
  #running = false;
  deliveries = 0;

  private constructor(options: ClosedLoopOptions) {
    this.#options = options;
    this.#reached = new Int32Array(options.inFlight);
  }

  /** Joins everybody; {@link run} begins. */
  static async prepare(options: ClosedLoopOptions): Promise<ClosedLoop> {
    const loop = new ClosedLoop(options);
    const { port, host, dialect, channel, subscribers, onLost } = options;
    const where = { port, dialect, ...(host !== undefined && { host }) };
    const events = {
      messages: (member: Member, count: number) => loop.#received(member, count),
      lost: (_: Member, reason: string) => onLost(reason),
    };
    // Never used before: it is the scope of the publisher's idempotency keys.
    const name = `closed-${process.pid}-${micros()}`;
    loop.#members = await gather({
      ...where,
      name,
      events,
      channels: Array.from({ length: subscribers }, () => [channel]),
    });
    loop.#publisher = await Member.join({ ...where, name: `${name}-publisher`, channels: [], events });
    return loop;
  }

  run(): void {
    this.#running = true;
    this.#publish(this.#options.inFlight);
  }

  /** Publishes no more; resolves when all that is in flight has arrived. */
  async stop(): Promise<void> {
    this.#running = false;
    let before = -1;
    while (before !== this.deliveries) {
      before = this.deliveries;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
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
    this.deliveries += count;
  }

  #publish(count: number): void {
    this.#due += count;
    if (this.#scheduled || !this.#running) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const publisher = this.#publisher as Member;
      const payload = payloadAt(micros(), this.#options.payload);
      const frames: Buffer[] = [];
      for (; this.#due > 0; this.#due--) frames.push(publisher.publishFrame(this.#options.channel, payload));
      publisher.wire.send(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
    });
  }
}
