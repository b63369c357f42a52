/** Connections that join, each subscribed, and then only listen. */
import {
  gather,
  Histogram,
  micros,
  recordLatencies,
  Tally,
  type Job,
  type Member,
  type Reading,
  type Target,
} from "tidemark/load";

export interface CrowdSpec {
  readonly job: "crowd";
  readonly members: number;
  /** How many channels they are spread over, one each. */
  readonly channels: number;
}

/** What is published to them has payloads of this size, in bytes. */
export const CROWD_PAYLOAD = 64;

export class Crowd implements Job {
  readonly #target: Target;
  readonly #spec: CrowdSpec;
  readonly #tally = new Tally();
  readonly #histogram = new Histogram();
  #members: Member[] = [];
  #joined: Promise<void> = Promise.resolve();

  private constructor(target: Target, spec: CrowdSpec) {
    this.#target = target;
    this.#spec = spec;
  }

  static async prepare(target: Target, spec: CrowdSpec): Promise<Crowd> {
    return new Crowd(target, spec);
  }

  run(): void {
    const { members, channels } = this.#spec;
    const events = {
      messages: (member: Member, count: number, bytes: Uint8Array, start: number) => {
        this.#tally.deliveries += count;
        recordLatencies(this.#histogram, member, count, bytes, start);
      },
      lost: this.#tally.events.lost,
    };
    this.#joined = gather({
      ...this.#target,
      name: `crowd-${process.pid}-${micros()}`,
      events,
      channels: Array.from({ length: members }, (_, i) => [`bench/crowd-${i % channels}`]),
    }).then((joined) => void (this.#members = joined));
  }

  reading(): Reading {
    return {
      ...this.#tally.reading(),
      at: micros(),
      connections: this.#members.length,
      latencies: this.#histogram.buckets(),
      slowest: this.#histogram.max,
    };
  }

  forget(): void {
    this.#histogram.clear();
  }

  /** Resolves when all have joined. */
  stop(): Promise<void> {
    return this.#joined;
  }

  leave(): void {
    for (const { wire } of this.#members) wire.destroy();
  }
}
