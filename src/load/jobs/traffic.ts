/** Messages at a fixed rate, whatever becomes of them; every delivery is timed from when it was to be sent. */
import { gather, type CrowdOptions } from "../crowd.js";
import { Histogram } from "../histogram.js";
import { settled, Tally, type Job, type Reading } from "../job.js";
import { recordLatencies } from "../latencies.js";
import type { Member, Target } from "../member.js";
import { openLoop } from "../open-loop.js";
import { micros, payloadAt } from "../payload.js";

/** What {@link Traffic} does. */
export interface TrafficSpec {
  readonly job: "traffic";
  /** The channels of each member. */
  readonly members: readonly (readonly string[])[];
  /** Who publishes: the members, each to its first channel, or so many connections of their own to all channels. */
  readonly speakers: "members" | number;
  /** Messages a second, of all together. */
  readonly rate: number;
  readonly payload: number;
  /** So many of the members read slowly; they are not timed. */
  readonly slow?: { readonly members: number; readonly bytesPerSecond: number };
}

/** For whoever watches them join. */
export interface JoinOptions {
  readonly joined?: (count: number) => void;
  /** How long a member waits to be subscribed, in milliseconds. Default: without end. */
  readonly patience?: number;
}

/** Longer than any of it runs. */
const ENDLESS = 1e9;
/** Prime: the order of speakers has no pattern that a server could profit from. */
const STRIDE = 7919;

/** Messages at a fixed rate, each delivery timed from when the message was to be sent. */
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

  /** Joins them all. Rejects with a `LoadError` when the server does not want one of them. */
  static async prepare(target: Target, spec: TrafficSpec, options: JoinOptions = {}): Promise<Traffic> {
    const job = new Traffic(spec);
    const name = `traffic-${process.pid}-${micros()}`;
    const events = {
      ...job.#tally.events,
      messages: (member: Member, count: number, bytes: Uint8Array, start: number) => {
        job.#tally.deliveries += count;
        recordLatencies(job.#histogram, member, count, bytes, start);
      },
    };
    try {
      await job.#join({ ...target, ...options, name, events });
    } catch (error) {
      job.leave();
      throw error;
    }
    return job;
  }

  async #join(crowd: Omit<CrowdOptions, "channels">): Promise<void> {
    const { members, slow, speakers } = this.#spec;
    const reading = await gather({ ...crowd, channels: members.slice(slow?.members ?? 0) });
    this.#members.push(...reading);
    if (slow !== undefined) {
      const events = { ...crowd.events, messages: () => {} };
      const channels = members.slice(0, slow.members);
      const { bytesPerSecond } = slow;
      const late = { ...crowd, name: `${crowd.name}-slow`, events, bytesPerSecond };
      this.#members.push(...(await gather({ ...late, channels })));
    }
    if (speakers === "members") {
      for (const member of reading) this.#speakers.push({ member, channel: member.channels[0] ?? "" });
      return;
    }
    const channels = Array.from({ length: speakers }, () => []);
    const { joined: _, ...rest } = crowd;
    const others = await gather({ ...rest, name: `${crowd.name}-other`, channels });
    this.#members.push(...others);
    // Each channel has one publisher, unless there are more publishers than channels.
    const names = [...new Set(members.flat())];
    for (let i = 0; i < Math.max(names.length, speakers); i++) {
      const [member, channel] = [others[i % speakers], names[i % names.length]];
      if (member !== undefined && channel !== undefined) this.#speakers.push({ member, channel });
    }
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
        this.#tally.published++;
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

  async stop(): Promise<void> {
    this.#running = false;
    await this.#ended;
    await settled(() => this.#tally.deliveries);
  }

  leave(): void {
    this.#running = false;
    for (const { wire } of this.#members) wire.destroy();
  }
}
