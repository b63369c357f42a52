/**
 * The inputs of one player, on the server that it is connected to: looked at here, so that bad ones never travel, and kept until the
 * room has acknowledged them, since what nodes send each other may be lost.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { TidemarkError } from "../../../errors.js";
import type { InputOutcome } from "../../../feed/room-part.js";
import { checked } from "./checked.js";

/** The most that are kept of one player. */
export const MOST_UNACKNOWLEDGED = 32;
/** So many inputs a player may make for each tick, and as many at once as may be unacknowledged. */
const A_TICK = 2;
/** What counts as the rate of a room that has none, in ticks a second. */
const RATE_WITHOUT_TICKS = 20;
/** After so many ticks without an acknowledgement an input is sent again. */
const AGAIN_AFTER = 2;
/** No player makes so many: numbers that are not told apart any more could not be told to other nodes. */
const MOST_NUMBER = 2 ** 48;
const NEVER = -1;

/** An input that is kept. Times are counted in what was heard of the room, which is its ticks. */
export interface KeptInput {
  /** Counted by the player from 1. */
  readonly n: number;
  readonly input: unknown;
  /** The tick that its player saw when making it, where that is known. */
  readonly seen: number | undefined;
  /** When it was sent first, and last; {@link NEVER} before that. */
  firstAt: number;
  lastAt: number;
}

/** What inputs of a room have to be. */
export interface InputRules {
  readonly schema: StandardSchemaV1 | undefined;
  /** Ticks a second; 0 for none. */
  readonly rate: number;
}

const NONE: readonly KeptInput[] = [];

export class InputEdge {
  readonly #rules: InputRules;
  readonly #perMs: number;
  #kept: KeptInput[] = [];
  /** The highest number that has come, of those refused, too. */
  #newest = 0;
  #last = 0;
  #depth = 0;
  /** When `last` went on. */
  #movedAt = 0;
  #tokens = MOST_UNACKNOWLEDGED;
  #filledAt: number;

  /** @param now milliseconds that never step back, as in what follows */
  constructor(rules: InputRules, now: number) {
    this.#rules = rules;
    this.#perMs = (A_TICK * (rules.rate === 0 ? RATE_WITHOUT_TICKS : rules.rate)) / 1000;
    this.#filledAt = now;
  }

  /** The number of the last one that is done with: what frames tell the player. */
  get last(): number {
    return this.#last;
  }

  /** How many wait in the room. */
  get depth(): number {
    return this.#depth;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.length;
  }

  /** There is none with a lower number here, and none will come; undefined before the first one. */
  get from(): number | undefined {
    return this.#newest === 0 ? undefined : (this.#kept[0]?.n ?? this.#newest + 1);
  }

  /**
   * Takes an input in; one that came before is passed over, since a player sends again what it does not know to have come.
   *
   * @param seen the tick that its player says it saw
   * @param shown the newest tick that it was sent, which is the most that it can have seen
   * @returns what became of it. One that is refused has its number done with. What its schema throws is thrown
   */
  take(n: number, value: unknown, seen: number | undefined, shown: number, now: number): InputOutcome {
    if (!isWhole(n, 1) || n > MOST_NUMBER)
      return new TidemarkError("bad_request", "inputs are numbered from 1, one after the other");
    if (seen !== undefined && !isWhole(seen, 0))
      return new TidemarkError("bad_request", "the tick that was seen is a whole number from 0");
    if (n <= this.#newest || n <= this.#last) return "known";
    this.#newest = n;
    const after = this.#spend(now);
    if (after > 0) return new TidemarkError("rate_limited", `more than ${A_TICK} inputs a tick`, { after });
    if (this.#kept.length >= MOST_UNACKNOWLEDGED) {
      const message = `${MOST_UNACKNOWLEDGED} inputs are not acknowledged yet; this one does not count`;
      return new TidemarkError("rate_limited", message, { after: A_TICK / this.#perMs });
    }
    const input = checked(this.#rules.schema, value);
    if ("then" in input)
      return new TidemarkError("internal", "a schema of inputs is asynchronous, which none can be");
    if (input instanceof TidemarkError) return input;
    const known = seen === undefined ? undefined : Math.min(seen, Math.max(0, shown));
    this.#kept.push({ n, input: input.value, seen: known, firstAt: NEVER, lastAt: NEVER });
    return "taken";
  }

  /** The room says how far it is. Hot: once a player and tick. */
  acknowledge(last: number, depth: number, heard: number): void {
    this.#depth = depth;
    if (last <= this.#last) return;
    this.#movedAt = heard;
    this.#last = last;
    let done = 0;
    while ((this.#kept[done]?.n ?? Infinity) <= last) done++;
    if (done > 0) this.#kept = this.#kept.slice(done);
  }

  /**
   * What is to be sent now: what was not yet, and what two ticks have passed over. Those that wait in the room are not sent again
   * while it takes them; where it takes none, it may be that it lacks the first.
   */
  due(heard: number): readonly KeptInput[] {
    if (this.#kept.length === 0) return NONE;
    const arrived = this.isStuck(heard) ? 0 : this.#last + this.#depth;
    const due = this.#kept.filter(
      ({ n, lastAt }) => lastAt === NEVER || (heard - lastAt >= AGAIN_AFTER && n > arrived),
    );
    for (const one of due) {
      if (one.firstAt === NEVER) one.firstAt = heard;
      one.lastAt = heard;
    }
    return due;
  }

  /** Whether the room takes none of them, though it has had time to. */
  isStuck(heard: number): boolean {
    return this.unanswered(heard) >= AGAIN_AFTER;
  }

  /** For how many ticks what was sent has not been acknowledged, and nothing else either. */
  unanswered(heard: number): number {
    const [oldest] = this.#kept;
    return oldest === undefined || oldest.firstAt === NEVER
      ? 0
      : heard - Math.max(this.#movedAt, oldest.firstAt);
  }

  /** Whether the room waits for a number that it will never get. */
  get hasHole(): boolean {
    return (this.#kept[0]?.n ?? 0) > this.#last + 1;
  }

  /** Another owner reigns: it is sent all that are kept, and may know of less that is done with than the one before. */
  again(): void {
    for (const one of this.#kept) one.firstAt = one.lastAt = NEVER;
    this.#depth = 0;
  }

  /** Takes a token: 0, or the milliseconds until there is one. */
  #spend(now: number): number {
    this.#tokens = Math.min(MOST_UNACKNOWLEDGED, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
    if (this.#tokens < 1) return (1 - this.#tokens) / this.#perMs;
    this.#tokens--;
    return 0;
  }
}

function isWhole(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
