/** Messages at a fixed rate, whatever becomes of them; every delivery is timed from when it was to be sent. */
import { Histogram } from "../../lib/histogram.js";
import { gather } from "../crowd.js";
import { micros, payloadAt } from "../dialect.js";
import { settled, Tally, type Job, type Reading, type Target } from "../job.js";
import { recordLatencies } from "../latencies.js";
import type { Member } from "../member.js";
import { openLoop } from "../open-loop.js";

export interface TrafficSpec {
  readonly job: "traffic";
  /** The channels of each member. */
  readonly members: readonly (readonly string[])[];
  /** Who publishes: the members, each to its first channel, or a few connections of their own to all channels. */
  readonly speakers: "members" | "others";
  /** Messages a second, of all together. */
  readonly rate: number;
  readonly payload: number;
  /** So many of the members read slowly; they are not timed. */
  readonly slow?: { readonly members: number; readonly bytesPerSecond: number };
}

const OTHERS = 4;
/** Longer than any of it runs. */
const ENDLESS = 1e9;
/** Prime: the order of speakers has no pattern that a server could profit from. */
const STRIDE = 7919;

export class Traffic implements Job {
  readonly #spec: TrafficSpec;
  readonly #tally = new Tally();
  readonly #histogram = new Histogram();
  readonly #members: Member[] = [];
  readonly #speakers: { member: Member; channel: string }[] = [];
  #running = false;
  #ended: Promise<void> = Promise.resolve();

  private constructor(spec: TrafficSpec) {
    this.#spec = spec;
  }

  static async prepare(target: Target, spec: TrafficSpec): Promise<Traffic> {
    const job = new Traffic(spec);
    const name = `traffic-${process.pid}-${micros()}`;
    const events = {
      messages: (member: Member, count: number, bytes: Uint8Array, start: number, end: number) => {
        job.#tally.deliveries += count;
        recordLatencies(job.#histogram, member, spec.payload, count, bytes, start, end);
      },
      lost: () => void job.#tally.lost++,
    };
    const slow = spec.slow?.members ?? 0;
    const untimed = { ...events, messages: () => {} };
    const reading = await gather({ ...target, name, events, channels: spec.members.slice(slow) });
    if (spec.slow !== undefined) {
      const channels = spec.members.slice(0, slow);
      const { bytesPerSecond } = spec.slow;
      job.#members.push(
        ...(await gather({ ...target, name: `${name}-slow`, events: untimed, channels, bytesPerSecond })),
      );
    }
    job.#members.push(...reading);
    if (spec.speakers === "members") {
      for (const member of reading) job.#speakers.push({ member, channel: member.channels[0] ?? "" });
    } else {
      const others = await gather({
        ...target,
        name: `${name}-other`,
        events,
        channels: Array.from({ length: OTHERS }, () => []),
      });
      job.#members.push(...others);
      const channels = [...new Set(spec.members.flat())];
      for (const [i, channel] of channels.entries()) {
        const member = others[i % OTHERS];
        if (member !== undefined) job.#speakers.push({ member, channel });
      }
    }
    return job;
  }

  run(): void {
    this.#running = true;
    const { rate, payload } = this.#spec;
    const speakers = this.#speakers;
    const burst = new Map<Member, Buffer[]>();
    this.#ended = openLoop(
      { rate, count: ENDLESS, running: () => this.#running },
      (index, time) => {
        const { member, channel } = speakers[(index * STRIDE) % speakers.length] as {
          member: Member;
          channel: string;
        };
        const frame = member.publishFrame(channel, payloadAt(time, payload));
        const frames = burst.get(member);
        if (frames === undefined) burst.set(member, [frame]);
        else frames.push(frame);
      },
      () => {
        for (const [member, frames] of burst)
          member.wire.send(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
        burst.clear();
      },
    );
  }

  reading(): Reading {
    const { deliveries, answers, lost } = this.#tally;
    const latencies = this.#histogram.buckets();
    return {
      at: micros(),
      deliveries,
      answers,
      lost,
      connections: this.#members.length,
      latencies,
      slowest: this.#histogram.max,
    };
  }

  forget(): void {
    this.#histogram.clear();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#ended;
    await settled(() => this.#tally.deliveries);
  }

  leave(): void {
    for (const { wire } of this.#members) wire.destroy();
  }
}
