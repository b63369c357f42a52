/** Connections that set keys of their own at a fixed rate, each time on condition that nobody else has. For Tidemark only. */
import { clientFrame, Histogram, micros, openLoop, WireSocket } from "tidemark/load";

export interface SettersSpec {
  readonly port: number;
  readonly channel: string;
  readonly setters: number;
  /** Keys of each one; it sets them in turn. */
  readonly keys: number;
  /** Publishes a second, of all together. */
  readonly perSecond: number;
}

export interface SettersReading {
  readonly at: number;
  readonly sent: number;
  readonly done: number;
  /** Whose condition did not hold. */
  readonly conflicts: number;
  /** What else was refused, and how it was put the first time. */
  readonly refused: number;
  readonly problem?: string;
  readonly lost: number;
  /** From the time at which it was to be sent to its answer, in microseconds, since {@link Setters.forget}. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
  readonly slowest: number;
}

interface Answer {
  readonly id?: number;
  readonly ok?: { readonly cursor?: string };
  readonly error?: { readonly code: string; readonly message: string; readonly cursor?: string };
}

const PATIENCE_MS = 10_000;

export class Setters {
  readonly #spec: SettersSpec;
  readonly #latency = new Histogram();
  readonly #all: Setter[] = [];
  readonly #counts = { sent: 0, done: 0, conflicts: 0, refused: 0, lost: 0 };
  #problem: string | undefined;
  #isOn = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(spec: SettersSpec) {
    this.#spec = spec;
  }

  /** Connects, and sets each key once without a condition. */
  async join(): Promise<void> {
    const { setters, keys, port, channel } = this.#spec;
    const answered = (answer: Answer, sent: number): void => this.#answered(answer, sent);
    const lost = (): void => void this.#counts.lost++;
    for (let i = 0; i < setters; i++)
      this.#all.push(await Setter.join({ port, channel, name: `setter-${i}`, keys, answered, lost }));
  }

  begin(): void {
    this.#isOn = true;
    const { perSecond } = this.#spec;
    this.#ended = openLoop(
      { rate: perSecond, count: Infinity, running: () => this.#isOn },
      (i, time) => {
        this.#counts.sent++;
        this.#all[i % this.#all.length]?.set(time);
      },
      () => {
        for (const setter of this.#all) setter.flush();
      },
    );
  }

  /** Resolves when all are answered. */
  async end(): Promise<void> {
    this.#isOn = false;
    await this.#ended;
    const end = performance.now() + PATIENCE_MS;
    const isDone = (): boolean => {
      const { sent, done, conflicts, refused } = this.#counts;
      return done + conflicts + refused >= sent;
    };
    while (!isDone() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  forget(): void {
    this.#latency.clear();
  }

  reading(): SettersReading {
    const problem = this.#problem;
    return {
      at: micros(),
      ...this.#counts,
      ...(problem !== undefined && { problem }),
      latencies: this.#latency.buckets(),
      slowest: this.#latency.max,
    };
  }

  leave(): void {
    for (const setter of this.#all) setter.leave();
  }

  #answered({ error }: Answer, sent: number): void {
    this.#latency.record(micros() - sent);
    if (error === undefined) this.#counts.done++;
    else if (error.code === "conflict") this.#counts.conflicts++;
    else {
      this.#counts.refused++;
      this.#problem ??= `${error.code}: ${error.message}`;
    }
  }
}

interface SetterOptions {
  readonly port: number;
  readonly channel: string;
  readonly name: string;
  readonly keys: number;
  readonly answered: (answer: Answer, sent: number) => void;
  readonly lost: (reason: string) => void;
}

class Setter {
  readonly #options: SetterOptions;
  readonly #sent = new Map<number, number>();
  #wire: WireSocket | undefined;
  #cursor = "";
  #count = 0;
  #due: Buffer[] = [];
  #first: (answer: Answer) => void = () => {};

  private constructor(options: SetterOptions) {
    this.#options = options;
  }

  static async join(options: SetterOptions): Promise<Setter> {
    const setter = new Setter(options);
    const events = {
      frame: (bytes: Uint8Array, start: number, end: number) => setter.#frame(bytes, start, end),
      closed: options.lost,
    };
    const wire = await WireSocket.open({ port: options.port, path: "/connect", events });
    setter.#wire = wire;
    const first = new Promise<Answer>((resolve) => (setter.#first = resolve));
    // A scope of its own for the numbers of its publishes.
    const connect = { publisher: `${options.name}-${micros()}`.padEnd(24, "-") };
    const all = Array.from({ length: options.keys }, (_, i) => [setter.#key(i), { cpu: 0 }]);
    const set = { publish: options.channel, data: { set: Object.fromEntries(all) as unknown }, idem: 0 };
    wire.send(clientFrame(JSON.stringify({ id: 1, connect })));
    wire.send(clientFrame(JSON.stringify({ id: 2, ...set })));
    const { ok, error } = await first;
    if (ok?.cursor === undefined) throw new Error(`nothing was set: ${JSON.stringify(error)}`);
    setter.#cursor = ok.cursor;
    return setter;
  }

  /** Sets the next of its keys, with the next {@link flush}; `time` is when it was to be sent. */
  set(time: number): void {
    const n = ++this.#count;
    const key = this.#key(n % this.#options.keys);
    const id = n + 2;
    this.#sent.set(id, time);
    // All of its keys are as they were at its last answer, but those that are under way; they come round again later.
    const data = `{"set":{"${key}":{"cpu":${(n % 100) / 100}}},"if":{"since":"${this.#cursor}","keys":["${key}"]}}`;
    this.#due.push(
      clientFrame(`{"id":${id},"publish":"${this.#options.channel}","data":${data},"idem":${n}}`),
    );
  }

  flush(): void {
    if (this.#due.length === 0) return;
    this.#wire?.send(this.#due.length === 1 ? (this.#due[0] as Buffer) : Buffer.concat(this.#due));
    this.#due = [];
  }

  leave(): void {
    this.#wire?.destroy();
  }

  #key(index: number): string {
    return `${this.#options.name}/${index}`;
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    for (const line of Buffer.from(bytes.subarray(start, end)).toString().split("\n")) {
      if (line.startsWith("{")) this.#answer(JSON.parse(line) as Answer);
    }
  }

  #answer(answer: Answer): void {
    const { id = 0, ok, error } = answer;
    if (id <= 2) {
      if (id === 2 || error !== undefined) this.#first(answer);
      return;
    }
    const cursor = ok?.cursor ?? error?.cursor;
    if (cursor !== undefined) this.#cursor = cursor;
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    this.#sent.delete(id);
    this.#options.answered(answer, sent);
  }
}
