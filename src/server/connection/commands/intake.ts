/**
 * What a peer has sent and what is not carried out yet. While too much of it is unanswered, or answers are not read,
 * commands wait here and the transport is not read from: TCP does the rest.
 */
import type { Command, Line } from "../../../protocol/index.js";
import type { Link } from "../link.js";
import type { Outgoing } from "../../delivery/outgoing.js";
import { HEAVY, type TurnBudget } from "../limits/turn-budget.js";

/** Bytes of payloads that may be on their way to the broker before nothing more is taken. */
const MAX_HELD = 512 * 1024;

/** Whose commands they are: a connection. Its own object, since there are as many of both as there are peers. */
export interface IntakeOwner {
  /** Whether commands may be carried out now. */
  readonly ready: boolean;
  /** Carries one out; it is answered by {@link Intake.answered}. */
  carryOut(incoming: Incoming): void;
  /** The transport is read from again. */
  resumed(): void;
  /** All that came has been answered. */
  idled(): void;
}

/** A command, read or yet to be read. */
export type Incoming = Line | Command;

/** Who has no more commands than these waiting does not wait for those who have. */
const LITTLE = 8;
/** What one connection may do of a turn that others wait for, too. */
const SHARE = 200;

/** Never pushed to: only what waits is. */
const NOTHING: Incoming[] = [];

export class Intake {
  readonly #owner: IntakeOwner;
  readonly #link: Link;
  readonly #out: Outgoing;
  readonly #limit: number;
  readonly #turns: TurnBudget;
  #lines = NOTHING;
  #at = 0;
  #unanswered = 0;
  #held = 0;
  #paused = false;
  /** Whether it waits for the next turn of the event loop. */
  #isInLine = false;
  #pumping = false;
  #shut = false;

  /** @param limit commands that may be unanswered */
  constructor(owner: IntakeOwner, link: Link, out: Outgoing, limit: number, turns: TurnBudget) {
    this.#turns = turns;
    this.#owner = owner;
    this.#link = link;
    this.#out = out;
    this.#limit = limit;
  }

  /** Whether the transport is not being read from. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether something is yet to be answered. */
  get busy(): boolean {
    return this.#unanswered > 0 || this.#waits;
  }

  /** Whether something that came is yet to be carried out. */
  get waits(): boolean {
    return this.#waits;
  }

  get #waits(): boolean {
    return this.#at < this.#lines.length;
  }

  take(lines: Incoming[]): void {
    if (this.#shut) return;
    if (this.#waits) for (const line of lines) this.#lines.push(line);
    else {
      this.#lines = lines;
      this.#at = 0;
    }
    this.pump();
  }

  /** A command is being carried out. */
  begun(): void {
    this.#unanswered++;
  }

  /** One of them has its answer. */
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
    let share = SHARE;
    while (this.#waits && this.#unanswered < this.#limit && this.#held < MAX_HELD && this.#owner.ready) {
      if (!this.#out.roomy) {
        this.#out.whenRoomy(() => this.pump());
        break;
      }
      const incoming = this.#lines[this.#at] as Incoming;
      const weight = weightOf(incoming);
      share -= weight;
      if ((share < 0 && this.#turns.isSought) || !this.#turns.take(weight)) {
        this.#waitForTurn();
        break;
      }
      this.#at++;
      this.#owner.carryOut(incoming);
    }
    this.#pumping = false;
    if (!this.#waits) {
      this.clear();
      this.#checkIdle();
    }
    this.#setPaused(this.#waits);
  }

  #waitForTurn(): void {
    if (this.#isInLine) return;
    this.#isInLine = true;
    this.#turns.wait(
      () => {
        this.#isInLine = false;
        this.pump();
      },
      this.#lines.length - this.#at <= LITTLE,
    );
  }

  /** Takes nothing more, and forgets what waits. */
  shut(): void {
    this.#shut = true;
    this.clear();
    this.pump();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#lines = NOTHING;
    this.#at = 0;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) return this.#link.pause();
    this.#owner.resumed();
    this.#link.resume();
  }

  #checkIdle(): void {
    if (!this.#pumping && this.#unanswered === 0 && !this.#waits) this.#owner.idled();
  }
}

/** What it counts in a turn. What was read in place is a publish or a call; what has yet to be read tells by its fields. */
function weightOf(incoming: Incoming): number {
  if ("do" in incoming) return 1;
  const { value } = incoming;
  if (typeof value !== "object" || value === null) return 1;
  return "publish" in value || "call" in value ? 1 : HEAVY;
}
