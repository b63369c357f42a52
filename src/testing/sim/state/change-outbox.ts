/** What a client asks of one channel of keys: one publish after the other, each until it is answered. */
import { parseCursor, type ErrorBody } from "../../../protocol/index.js";
import { DEDUPE_MS } from "../channels.js";
import type { SimProcess } from "../process.js";
import type { Recorder } from "../recorder.js";
import type { WireClient } from "./wire-client.js";

interface Asked {
  readonly data: string;
  /** Of what the history is to follow. */
  readonly id: string | undefined;
  readonly idem: number;
  readonly since: number;
  /** When it was first sent. */
  sent: number | undefined;
  tries: number;
}

/** As long as keys are remembered, less what clocks and ways may be apart. */
const RETRY_FOR_MS = DEDUPE_MS - 30_000;
/** Clocks of all who measure a window may be so far apart when it is over. */
const CLOCKS_APART_MS = 3000;
const AGAIN_MS = 300;
/** More than that waits for nobody. */
const MOST = 30;
/** Refusals after which nothing is in the log, where it was the first try. */
const NEVER = new Set(["conflict", "limit_reached"]);
/** Answers that nobody may be given here. */
const WRONG = new Set(["key_conflict", "bad_request", "internal", "invalid", "not_found", "too_large"]);

export class ChangeOutbox {
  readonly #channel: string;
  readonly #wire: WireClient;
  readonly #process: SimProcess;
  readonly #recorder: Recorder;
  readonly #wrong: (what: string) => void;
  #waiting: Asked[] = [];
  #isUnderWay = false;
  #idems = 0;

  constructor(
    channel: string,
    wire: WireClient,
    process: SimProcess,
    recorder: Recorder,
    wrong: (what: string) => void,
  ) {
    this.#channel = channel;
    this.#wire = wire;
    this.#process = process;
    this.#recorder = recorder;
    this.#wrong = wrong;
  }

  get isFull(): boolean {
    return this.#waiting.length >= MOST;
  }

  add(data: object, id?: string): void {
    const since = this.#process.clock.monotonic();
    this.#waiting.push({
      data: JSON.stringify(data),
      id,
      idem: ++this.#idems,
      since,
      sent: undefined,
      tries: 0,
    });
    this.pump();
  }

  /** Sends the oldest, unless that is under way. */
  pump(): void {
    const [asked] = this.#waiting;
    if (asked === undefined || this.#isUnderWay || !this.#wire.online) return;
    const now = this.#process.clock.monotonic();
    if (now - asked.since > RETRY_FOR_MS) return this.#giveUp(asked);
    const age = asked.sent === undefined ? "" : `,"age":${Math.ceil(now - asked.sent)}`;
    asked.sent ??= now;
    asked.tries++;
    this.#isUnderWay = true;
    const channel = JSON.stringify(this.#channel);
    this.#wire.ask(
      `"publish":${channel},"data":${asked.data},"idem":${asked.idem},"first":true${age}`,
      (error, ok) => this.#answered(asked, error, ok),
    );
  }

  down(): void {
    this.#isUnderWay = false;
  }

  /** Nobody hears of what is unanswered. */
  close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const asked of waiting) this.#forget(asked, "closed");
  }

  #answered(asked: Asked, error: ErrorBody | undefined, ok: unknown): void {
    if (asked !== this.#waiting[0]) return;
    this.#isUnderWay = false;
    if (error?.retry === true) {
      this.#process.clock.setTimeout(() => this.pump(), Math.max(AGAIN_MS, error.after ?? 0));
      return;
    }
    this.#waiting.shift();
    if (error === undefined) this.#placed(asked, ok);
    else this.#refused(asked, error.code);
    this.pump();
  }

  #placed({ id }: Asked, ok: unknown): void {
    const { cursor, same } = ok as { readonly cursor?: string; readonly same?: boolean };
    const at = parseCursor(cursor ?? "");
    if (at === undefined) return this.#wrong(`a publish was answered ${JSON.stringify(ok)}`);
    if (same === true) this.#recorder.count("same");
    if (id !== undefined) this.#recorder.add({ is: "placed", channel: this.#channel, id, at });
  }

  #refused({ id, tries }: Asked, code: string): void {
    this.#recorder.count(`refused: ${code}`);
    if (WRONG.has(code)) this.#wrong(`a publish was refused: ${code}`);
    if (id === undefined) return;
    const channel = this.#channel;
    if (NEVER.has(code) && tries === 1)
      this.#recorder.add({ is: "turned down", channel, id, outcome: "never", code });
    else this.#unknown(id, code);
  }

  #giveUp(asked: Asked): void {
    this.#waiting.shift();
    this.#forget(asked, "outcome_unknown");
    this.pump();
  }

  #forget({ id, sent }: Asked, code: string): void {
    const channel = this.#channel;
    if (id !== undefined && sent !== undefined) this.#unknown(id, code);
    else if (id !== undefined) this.#recorder.add({ is: "turned down", channel, id, outcome: "never", code });
  }

  #unknown(id: string, code: string): void {
    const within = DEDUPE_MS + CLOCKS_APART_MS;
    this.#recorder.add({ is: "turned down", channel: this.#channel, id, outcome: "unknown", code, within });
  }
}
