/**
 * What a peer has sent and what is not carried out yet. While too much of it is unanswered, or answers are not read,
 * commands wait here and the transport is not read from: TCP does the rest. So it is when more comes while some wait for a turn.
 */
import { HEAVY } from "../limits/turn-budget.js";
import type { Link } from "../link.js";
import { carryOut, type Commander } from "./carry-out.js";
import type { Incoming } from "./read-frame.js";

/** Bytes of payloads that may be on their way to the broker before nothing more is taken. */
const MAX_HELD = 512 * 1024;

/** Whose intake it is: a connection, told when what lay in its transport meanwhile is about to be read. */
export interface IntakeOwner extends Commander {
  alive(): void;
}

/** Who has no more commands than these waiting does not wait for those who have. */
const LITTLE = 8;
/** What one connection may do of a turn that others wait for, too. */
const SHARE = 200;

/** Never pushed to: only what waits is. */
const NOTHING: Incoming[] = [];

export class Intake {
  readonly #owner: IntakeOwner;
  readonly #link: Link;
  #lines = NOTHING;
  #at = 0;
  #sentAfter: number;
  /** Commands that come behind those that wait were sent after this. In whole milliseconds: others take twice the memory. */
  #nextSentAfter = -1;
  #unanswered = 0;
  #held = 0;
  #paused = false;
  /** Whether the intake waits for the next turn of the event loop. */
  #isInLine = false;
  #pumping = false;
  #shut = false;
  #whenIdle: (() => void) | undefined;

  /** @param sentAfter what comes was sent after this time, on the monotonic clock */
  constructor(owner: IntakeOwner, link: Link, sentAfter: number) {
    this.#owner = owner;
    this.#link = link;
    this.#sentAfter = Math.floor(sentAfter);
  }

  /** Whether the transport is not being read from. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether something is yet to be answered. */
  get busy(): boolean {
    return this.#unanswered > 0 || this.#waits;
  }

  /** What is carried out now was sent after this time, on the monotonic clock. */
  get sentAfter(): number {
    return this.#sentAfter;
  }

  /** What comes now was sent after this time, on the monotonic clock. */
  get arrivedAfter(): number {
    return Math.max(this.#sentAfter, this.#nextSentAfter);
  }

  /** Whatever comes from here on was sent after `time`, on the monotonic clock; what waits was sent before it. */
  nextSentAfter(time: number): void {
    if (time > this.#nextSentAfter) this.#nextSentAfter = Math.floor(time);
  }

  /** Calls `run` once, instead of what was to be called before: when all that came is answered, on an open connection. */
  whenIdle(run: () => void): void {
    this.#whenIdle = run;
  }

  /** Whether something that came is yet to be carried out. */
  get #waits(): boolean {
    return this.#at < this.#lines.length;
  }

  take(lines: Incoming[]): void {
    if (this.#shut) return;
    if (!this.#waits && this.#nextSentAfter > this.#sentAfter) this.#sentAfter = this.#nextSentAfter;
    if (!this.#waits) {
      this.#lines = lines;
      this.#at = 0;
      return this.pump();
    }
    for (const line of lines) this.#lines.push(line);
    this.pump();
    // Who sends more while it waits for a turn is not read from any further.
    if (this.#waits) this.#setPaused(true);
  }

  /** A command that was carried out has its answer. */
  answered(): void {
    this.#unanswered--;
    if (this.#paused) this.pump();
    else this.#checkIdle();
  }

  /** A payload of this many bytes is on its way, or, with a negative number, is no more. */
  hold(bytes: number): void {
    this.#held += bytes;
  }

  /** Carries out what waits, as far as may be. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const { node, out } = this.#owner;
    const { unanswered: most } = node.limits;
    let share = SHARE;
    while (this.#waits && this.#unanswered < most && this.#held < MAX_HELD && this.#isReady) {
      if (!out.roomy) {
        out.whenRoomy(() => this.pump());
        break;
      }
      const incoming = this.#lines[this.#at] as Incoming;
      const weight = weightOf(incoming);
      share -= weight;
      if ((share < 0 && node.turns.isSought) || !node.turns.take(weight)) {
        this.#waitForTurn();
        break;
      }
      this.#at++;
      this.#unanswered++;
      carryOut(this.#owner, incoming);
    }
    this.#pumping = false;
    if (!this.#waits) {
      this.clear();
      this.#checkIdle();
    }
    // Turns come soon: to stop reading and begin again would cost more than what waits.
    this.#setPaused(this.#waits && (this.#paused || !this.#isInLine));
  }

  get #isReady(): boolean {
    const { stage } = this.#owner;
    return stage === "open" || stage === "new";
  }

  #waitForTurn(): void {
    if (this.#isInLine) return;
    this.#isInLine = true;
    this.#owner.node.turns.wait(
      () => {
        this.#isInLine = false;
        this.pump();
      },
      this.#lines.length - this.#at <= LITTLE,
    );
  }

  /** Takes no more commands, and forgets those that wait. */
  shut(): void {
    this.#shut = true;
    this.clear();
    this.pump();
  }

  /** Forgets the commands that wait. */
  clear(): void {
    this.#lines = NOTHING;
    this.#at = 0;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) return this.#link.pause();
    this.#owner.alive();
    this.#link.resume();
  }

  #checkIdle(): void {
    if (this.#whenIdle === undefined || this.#pumping || this.#owner.stage !== "open") return;
    if (this.#unanswered === 0 && !this.#waits) {
      const run = this.#whenIdle;
      this.#whenIdle = undefined;
      run();
    }
  }
}

/** What a command counts in a turn. One that is yet to be read is told by its fields. */
function weightOf(incoming: Incoming): number {
  if (incoming.do !== undefined) return incoming.do === "publish" || incoming.do === "call" ? 1 : HEAVY;
  if (!("value" in incoming)) return 1;
  const { value } = incoming;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return 1;
  return "publish" in value || "call" in value ? 1 : HEAVY;
}
