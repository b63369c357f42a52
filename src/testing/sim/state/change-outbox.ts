/** What a client asks of one channel of keys: a few publishes at a time, in their order, each until it is answered. */
import { parseCursor, type ErrorBody } from "../../../protocol/index.js";
import { DEDUPE_MS } from "../channels.js";
import type { SimProcess } from "../process.js";
import type { Recorder } from "../recorder.js";
import type { WireClient } from "./wire-client.js";

interface Asked {
  readonly data: string;
  /** Whether it says what must be so. */
  readonly isConditional: boolean;
  /** Of what the history is to follow. */
  readonly id: string | undefined;
  readonly idem: number;
  readonly since: number;
  /** When it was first sent. */
  sent: number | undefined;
  tries: number;
  /** What the newest try is known by, while it is under way: an error that answers an earlier one is nobody's any more. */
  under: object | undefined;
}

/** As long as keys are remembered, less what clocks and ways may be apart. */
const RETRY_FOR_MS = DEDUPE_MS - 30_000;
/** Clocks of all who measure a window may be so far apart when it is over. */
const CLOCKS_APART_MS = 3000;
const AGAIN_MS = 300;
/** More than that waits for nobody. */
const MOST = 30;
/** So many are under way at once; over HTTP one, where what waits for its request would overtake what has failed in the one before. */
const ABREAST = 3;
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
  /** How many, from the first, are under way. */
  #underWay = 0;
  #isResting = false;
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
      isConditional: "if" in data,
      id,
      idem: ++this.#idems,
      since,
      sent: undefined,
      tries: 0,
      under: undefined,
    });
    this.pump();
  }

  /** Sends the oldest that are not under way. */
  pump(): void {
    const most = this.#wire.oneWay ? 1 : ABREAST;
    while (this.#wire.online && !this.#isResting && this.#underWay < most) {
      const asked = this.#waiting[this.#underWay];
      if (asked === undefined) return;
      if (this.#process.clock.monotonic() - asked.since > RETRY_FOR_MS) {
        // Those before it are older.
        if (this.#underWay > 0) return;
        this.#waiting.shift();
        this.#forget(asked, "outcome_unknown");
      } else this.#send(asked);
    }
  }

  down(): void {
    this.#rewind(0);
  }

  /** Nobody hears of what is unanswered. */
  close(): void {
    const waiting = this.#waiting;
    this.#rewind(0);
    this.#waiting = [];
    for (const asked of waiting) this.#forget(asked, "closed");
  }

  #send(asked: Asked): void {
    const now = this.#process.clock.monotonic();
    const first = this.#underWay === 0 ? ',"first":true' : "";
    const age = asked.sent === undefined ? "" : `,"age":${Math.ceil(now - asked.sent)}`;
    asked.sent ??= now;
    asked.tries++;
    this.#underWay++;
    const under = (asked.under = {});
    const channel = JSON.stringify(this.#channel);
    this.#wire.ask(
      `"publish":${channel},"data":${asked.data},"idem":${asked.idem}${first}${age}`,
      (error, ok) => this.#answered(asked, under, error, ok),
    );
  }

  #answered(asked: Asked, under: object, error: ErrorBody | undefined, ok: unknown): void {
    const place = this.#waiting.indexOf(asked);
    if (place < 0 || (error !== undefined && asked.under !== under)) return;
    if (error?.retry === true) return this.#rest(place, error.after);
    this.#waiting.splice(place, 1);
    if (place < this.#underWay) this.#underWay--;
    if (error === undefined) this.#placed(asked, ok);
    else this.#refused(asked, error.code);
    this.pump();
  }

  /** This one and those behind it are sent again, a while later. */
  #rest(place: number, after = 0): void {
    this.#rewind(place);
    if (this.#isResting) return;
    this.#isResting = true;
    this.#process.clock.setTimeout(
      () => {
        this.#isResting = false;
        this.pump();
      },
      Math.max(AGAIN_MS, after),
    );
  }

  #rewind(place: number): void {
    for (let i = place; i < this.#underWay; i++) (this.#waiting[i] as Asked).under = undefined;
    this.#underWay = Math.min(this.#underWay, place);
  }

  #placed({ id }: Asked, ok: unknown): void {
    const { cursor, same } = ok as { readonly cursor?: string; readonly same?: boolean };
    const at = parseCursor(cursor ?? "");
    if (at === undefined) return this.#wrong(`a publish was answered ${JSON.stringify(ok)}`);
    if (same === true) this.#recorder.count("same");
    if (id !== undefined) this.#recorder.add({ is: "placed", channel: this.#channel, id, at });
  }

  #refused({ id, tries, isConditional }: Asked, code: string): void {
    this.#recorder.count(`refused: ${code}`);
    if (WRONG.has(code) || (code === "conflict" && !isConditional))
      this.#wrong(`a publish was refused: ${code}`);
    if (id === undefined) return;
    const channel = this.#channel;
    if (NEVER.has(code) && tries === 1)
      this.#recorder.add({ is: "turned down", channel, id, outcome: "never", code });
    else this.#unknown(id, code);
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
