/** All subscribers are cut off at once, miss messages, and come back all at once for what they missed. */
import {
  gather,
  Member,
  micros,
  payloadAt,
  settled,
  Tally,
  type Job,
  type Reading,
  type Target,
} from "tidemark/load";

export interface StormSpec {
  readonly job: "storm";
  readonly members: number;
  readonly channel: string;
  /** How many messages are published while they are away. */
  readonly missed: number;
  readonly payload: number;
}

export class Storm implements Job {
  readonly #target: Target;
  readonly #spec: StormSpec;
  readonly #tally = new Tally();
  readonly #name = `storm-${process.pid}-${micros()}`;
  #cursors: (string | undefined)[] = [];
  #members: Member[] = [];
  #last = 0;
  #back: Promise<void> = Promise.resolve();

  private constructor(target: Target, spec: StormSpec) {
    this.#target = target;
    this.#spec = spec;
  }

  /** Joins everybody, cuts them off and publishes what they miss. */
  static async prepare(target: Target, spec: StormSpec): Promise<Storm> {
    const job = new Storm(target, spec);
    const { members, channel, missed, payload } = spec;
    let arrived = 0;
    const lines = new Map<Member, string>();
    const events = {
      messages: (member: Member, _: number, bytes: Uint8Array, start: number, end: number) => {
        arrived++;
        lines.set(member, Buffer.from(bytes.subarray(start, end)).toString());
      },
      lost: () => {},
    };
    const channels = Array.from({ length: members }, () => [channel]);
    const before = await gather({ ...target, name: job.#name, events, channels });
    const publisher = await Member.join({ ...target, name: `${job.#name}-publisher`, channels: [], events });
    const publish = (count: number): void => {
      const frames = Array.from({ length: count }, () =>
        publisher.publishFrame(channel, payloadAt(micros(), payload)),
      );
      publisher.wire.send(Buffer.concat(frames));
    };
    // One that they do get: some servers say only with a message where somebody stands.
    publish(1);
    await settled(() => arrived, members);
    job.#cursors = before.map((member) => member.placeAfter(lines.get(member) ?? ""));
    for (const { wire } of before) wire.destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    publish(missed);
    await new Promise((resolve) => setTimeout(resolve, 500));
    publisher.wire.destroy();
    return job;
  }

  /** They come back. */
  run(): void {
    const events = {
      messages: (_: Member, count: number) => {
        this.#tally.deliveries += count;
        this.#last = micros();
      },
      lost: this.#tally.events.lost,
    };
    const channels = Array.from({ length: this.#spec.members }, () => [this.#spec.channel]);
    const places = this.#cursors.map((cursor) => (cursor === undefined ? undefined : [cursor]));
    this.#back = gather({ ...this.#target, name: `${this.#name}-again`, events, channels, places }).then(
      (members) => {
        this.#members = members;
        this.#last = Math.max(this.#last, micros());
      },
    );
  }

  /** `at` is when the last message or connection came. */
  reading(): Reading {
    return {
      ...this.#tally.reading(),
      at: this.#last,
      connections: this.#members.length,
      latencies: [],
      slowest: 0,
    };
  }

  forget(): void {}

  async stop(): Promise<void> {
    await this.#back;
    await settled(() => this.#tally.deliveries);
  }

  leave(): void {
    for (const { wire } of this.#members) wire.destroy();
  }
}
