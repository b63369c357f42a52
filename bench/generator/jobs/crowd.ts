/** Connections that join, each subscribed, and then do nothing. */
import { gather } from "../crowd.js";
import { micros } from "../dialect.js";
import { Tally, type Job, type Reading, type Target } from "../job.js";
import type { Member } from "../member.js";

export interface CrowdSpec {
  readonly job: "crowd";
  readonly members: number;
  /** How many channels they are spread over, one each. */
  readonly channels: number;
}

export class Crowd implements Job {
  readonly #target: Target;
  readonly #spec: CrowdSpec;
  readonly #tally = new Tally();
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
      messages: (_: Member, count: number) => void (this.#tally.deliveries += count),
      lost: () => void this.#tally.lost++,
    };
    this.#joined = gather({
      ...this.#target,
      name: `crowd-${process.pid}-${micros()}`,
      events,
      channels: Array.from({ length: members }, (_, i) => [`bench/crowd-${i % channels}`]),
    }).then((joined) => void (this.#members = joined));
  }

  reading(): Reading {
    const { deliveries, answers, lost } = this.#tally;
    return {
      at: micros(),
      deliveries,
      answers,
      lost,
      connections: this.#members.length,
      latencies: [],
      slowest: 0,
    };
  }

  forget(): void {}

  /** Resolves when all have joined. */
  stop(): Promise<void> {
    return this.#joined;
  }

  leave(): void {
    for (const { wire } of this.#members) wire.destroy();
  }
}
