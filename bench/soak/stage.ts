/**
 * A server with a busy channel: one connection publishes at a fixed rate, some subscribe and are timed, one keeps
 * a record of the log. And where there is to be one, a subscriber that stops reading.
 */
import {
  gather,
  Histogram,
  Member,
  micros,
  openLoop,
  payloadAt,
  recordLatencies,
  tidemark,
} from "tidemark/load";
import { Listener } from "./listener.js";

export interface StageOptions {
  readonly port: number;
  /** Subscribers that read, and are timed. */
  readonly readers: number;
  /** Bytes of a message's payload. */
  readonly payload: number;
  /** Messages a second. */
  readonly rate: number;
}

const CHANNEL = "slow/1";
const PATIENCE_MS = 30_000;

export class Stage {
  /** How long messages took to the readers, in microseconds. */
  readonly latency = new Histogram();
  readonly #options: StageOptions;
  #publisher!: Member;
  #readers: Member[] = [];
  #witness!: Listener;
  #stopped: Listener | undefined;

  private constructor(options: StageOptions) {
    this.#options = options;
  }

  static async set(options: StageOptions, withStopped: boolean): Promise<Stage> {
    const stage = new Stage(options);
    const { port, readers } = options;
    const events = {
      messages: (member: Member, count: number, bytes: Uint8Array, start: number) => {
        member.count += count;
        recordLatencies(stage.latency, member, count, bytes, start);
      },
      lost: (_: Member, reason: string) => {
        throw new Error(`a connection was lost: ${reason}`);
      },
    };
    const where = { port, dialect: tidemark, events } as const;
    const name = `stage-${micros()}`;
    stage.#readers = await gather({
      ...where,
      name,
      channels: Array.from({ length: readers }, () => [CHANNEL]),
    });
    stage.#publisher = await Member.join({ ...where, name: `${name}-publisher`, channels: [] });
    stage.#witness = await Listener.join(port, CHANNEL);
    if (withStopped) stage.#stopped = await Listener.join(port, CHANNEL);
    return stage;
  }

  /** Publishes `count` messages; resolves when everybody who reads has got them. */
  async publish(count: number): Promise<void> {
    const { rate, payload } = this.#options;
    const publisher = this.#publisher;
    let frames: Buffer[] = [];
    const goals = this.#readers.map((reader) => reader.count + count);
    const goal = this.#witness.got.length + count;
    await openLoop(
      { rate, count },
      (_, time) => frames.push(publisher.publishFrame(CHANNEL, payloadAt(time, payload))),
      () => {
        publisher.wire.send(Buffer.concat(frames));
        frames = [];
      },
    );
    await until(
      () =>
        this.#readers.every((reader, i) => reader.count === goals[i]) && this.#witness.got.length === goal,
      () => {
        const missing = this.#readers.map((reader, i) => (goals[i] ?? 0) - reader.count);
        return `every reader has every message; missing ${missing.join(", ")}, and ${goal - this.#witness.got.length} where it is recorded`;
      },
    );
  }

  /** From here on the one that is to stop reading does not read. */
  stopReading(): void {
    this.#stopped?.pause();
  }

  /** It reads on. Resolves when it is at the end of the log, with what is wrong with what it got; nothing is expected. */
  async readOn(): Promise<{
    problems: string[];
    before: number;
    skipped: number;
    after: number;
    gaps: number;
  }> {
    const stopped = this.#stopped as Listener;
    const witness = this.#witness;
    const { entries } = (await witness.ask({ history: CHANNEL, after: 0, limit: 1 })) as {
      entries: [number][];
    };
    const oldest = entries[0]?.[0] ?? 0;
    stopped.resume();
    await until(
      () => stopped.newest === witness.newest,
      () =>
        `the one that stopped reading is at the end of the log: it is at ${stopped.newest} of ${witness.newest}, ${stopped.ended ?? "connected"}`,
    );
    return judge(
      stopped,
      witness.got.filter((one) => typeof one === "number"),
      oldest,
    );
  }

  leave(): void {
    for (const { wire } of [...this.#readers, this.#publisher]) wire.destroy();
    this.#witness.leave();
    this.#stopped?.leave();
  }
}

/** Holds what a subscriber got against the whole log: nothing is left out without a gap that says so. */
function judge(
  { got }: Listener,
  log: readonly number[],
  oldest: number,
): { problems: string[]; before: number; skipped: number; after: number; gaps: number } {
  const places = new Map(log.map((offset, i) => [offset, i]));
  const problems: string[] = [];
  let next = 0;
  let skipped = 0;
  let before = 0;
  let gaps = 0;
  let last = 0;
  for (const one of got) {
    if (typeof one === "number") {
      if (places.get(one) !== next) problems.push(`message ${one} is not the one that follows ${last}`);
      next = (places.get(one) ?? next) + 1;
      last = one;
      if (gaps === 0) before++;
      continue;
    }
    gaps++;
    if (one.reason !== "trimmed") problems.push(`a gap says ${one.reason}, not trimmed`);
    if (one.after !== last) problems.push(`a gap begins after ${one.after}, the last message was ${last}`);
    const resumes = (places.get(one.until) ?? -1) + 1;
    skipped += resumes - next;
    next = resumes;
    last = one.until;
    if ((log[next] ?? 0) > oldest)
      problems.push(`a gap skips retained messages: it goes on with ${log[next]}, the oldest is ${oldest}`);
  }
  if (next !== log.length) problems.push(`it ends ${log.length - next} messages before the end of the log`);
  return { problems: problems.slice(0, 10), before, skipped, after: got.length - before - gaps, gaps };
}

async function until(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
