/**
 * The publishes to one channel while some of them depend on what slots hold: merges, and all that the application decides about.
 * Such a one reads these slots, decides, and is appended on condition that they are unchanged; where they are not, it decides anew.
 * Until it is in the log, what comes after it waits that is of the same publisher, or about its slots; all others pass. So those
 * that are about one slot are decided on one another, and each has the outcome of the one before.
 */
import type { Broker, Changed, ChangesDraft, SlotsOptions } from "../../../../broker/index.js";
import type { Clock, Timer } from "../../../../protocol/index.js";
import { isPromise } from "../../../channels/validate.js";
import { TidemarkError } from "../../../errors.js";
import type { ReadLimit } from "../../../feed/read-limit.js";
import { detach, type OnError } from "../../../guard.js";
import { READ, tell, type Job } from "../append-queue.js";
import type { ChangeJob, Dependence } from "./change-job.js";
import { conflictOf, readKnown, unchanged, type Known } from "./known-slots.js";

/** Where the publishes go on to. */
export interface LineOwner {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly reads: ReadLimit;
  readonly onError: OnError;
  /** Puts a publish into the queue of the channel's appends: at its end, or before all that waits there. */
  queue(job: Job<ChangesDraft, Changed>, first: boolean): void;
  /** Nothing waits here any more. */
  idle(): void;
}

/** How often a publish is decided before it is refused. */
export const MOST_TRIES = 10;
/** How long others wait for a decision about their slots, in milliseconds; after that they go on, and it is decided anew. */
const PATIENCE_MS = 10_000;

/** A publish that depends on slots, from its reading on. */
interface UnderWay {
  readonly job: ChangeJob;
  readonly dependence: Dependence;
  /** When it began, on the monotonic clock. */
  readonly since: number;
  /** What it was decided by. */
  known: ReadonlyMap<string, Known>;
}

export class ChangeLine {
  readonly #owner: LineOwner;
  readonly #channel: string;
  readonly #options: SlotsOptions;
  /** In the order in which they came. */
  #waiting: ChangeJob[] = [];
  readonly #underWay = new Set<UnderWay>();
  /** What the last outcomes have told of slots, for whoever comes next. */
  #known = new Map<string, Known>();
  #isComing = false;
  #patience: Timer;

  constructor(owner: LineOwner, channel: string, options: SlotsOptions) {
    this.#owner = owner;
    this.#channel = channel;
    this.#options = options;
  }

  /** How many wait for something else than the queue. */
  get waiting(): number {
    return this.#waiting.length + this.#underWay.size;
  }

  add(job: ChangeJob): void {
    this.#waiting.push(job);
    this.#soon();
  }

  /** What comes in one turn is read for together. */
  #soon(): void {
    if (this.#isComing) return;
    this.#isComing = true;
    const coming = READ.then(() => {
      this.#isComing = false;
      this.#start();
    });
    detach(coming, this.#owner.onError);
  }

  /** Begins with all that nothing before it holds up. */
  #start(): void {
    const known = this.#known;
    this.#known = new Map();
    const now = this.#owner.clock.monotonic();
    const held = new Holding();
    for (const { job, since } of this.#underWay) held.add(job, now - since < PATIENCE_MS);
    const begun: UnderWay[] = [];
    const waiting: ChangeJob[] = [];
    for (const job of this.#waiting) {
      const { dependence } = job;
      if (held.has(job)) waiting.push(job);
      else if (dependence === undefined) {
        this.#owner.queue(job, false);
        continue;
      } else begun.push({ job, dependence, since: now, known });
      held.add(job, true);
    }
    this.#waiting = waiting;
    for (const one of begun) this.#underWay.add(one);
    if (begun.length > 0) detach(this.#begin(begun, known), this.#owner.onError);
    this.#beImpatient();
    if (this.waiting === 0 && !this.#isComing) this.#owner.idle();
  }

  /** One read for all of them, of what is not known. */
  async #begin(begun: readonly UnderWay[], known: Map<string, Known>): Promise<void> {
    const { broker, reads, clock } = this.#owner;
    const wanted = new Set<string>();
    const now = clock.monotonic();
    const going = begun.filter((one) => this.#mayGoOn(one, now));
    for (const { job, dependence } of going) {
      for (const slot of dependence.slots) if (!known.has(slot)) wanted.add(slot);
      if (job.tries === 0) continue;
      // Whether it was one of its publisher's conditions that did not hold, nobody has said.
      for (const { slot } of job.conditions) wanted.add(slot);
    }
    let all: ReadonlyMap<string, Known> = known;
    try {
      if (wanted.size > 0) {
        const read = await readKnown(broker, reads, this.#channel, [...wanted], this.#options);
        all = new Map([...known, ...read]);
      }
    } catch (error) {
      for (const one of going) this.#refuse(one, error);
      return;
    }
    for (const one of going) this.#decide(one, all);
  }

  #mayGoOn(one: UnderWay, now: number): boolean {
    const { job } = one;
    const end = job.aborted() ? "aborted" : job.draftAt(now) === undefined ? "late" : undefined;
    if (end !== undefined) this.#end(one, () => tell(job, end, this.#owner.onError));
    return end === undefined;
  }

  #decide(one: UnderWay, known: ReadonlyMap<string, Known>): void {
    const { job, dependence } = one;
    one.known = known;
    const conflict = job.tries === 0 ? undefined : conflictOf(job.conditions, known);
    if (conflict !== undefined) return this.#end(one, () => tell(job, conflict, this.#owner.onError));
    const held = new Map(dependence.slots.map((slot) => [slot, known.get(slot)?.data]));
    const on = (changes: ChangeJob["changes"]): void => this.#append(one, changes);
    try {
      const changes = dependence.decide(held, job.tries);
      if (!isPromise(changes)) return on(changes);
      const decided = Promise.resolve(changes).then(on, (error: unknown) => this.#refuse(one, error));
      detach(decided, this.#owner.onError);
    } catch (error) {
      this.#refuse(one, error);
    }
  }

  #append(one: UnderWay, changes: ChangeJob["changes"]): void {
    const { job, dependence } = one;
    job.decided(changes, unchanged(dependence.slots, one.known));
    const queued: Job<ChangesDraft, Changed> = {
      draftAt: (now: number) => job.draftAt(now),
      aborted: () => job.aborted(),
      done: (outcome) => this.#settled(one, outcome),
    };
    this.#owner.queue(queued, job.tries > 0);
  }

  #settled(one: UnderWay, outcome: Changed | "aborted" | "late" | Error): void {
    const { job } = one;
    if (typeof outcome === "object" && "error" in outcome && mayBeOfOurs(job, outcome)) {
      if (outcome.error === "conflict")
        for (const [slot, data] of outcome.now) this.#known.set(slot, { data, at: outcome.at });
      if (++job.tries < MOST_TRIES) {
        this.#underWay.delete(one);
        this.#waiting.unshift(job);
        return this.#soon();
      }
      return this.#refuse(one, overtaken(this.#channel));
    }
    if (typeof outcome === "object" && "offset" in outcome && !outcome.duplicate) this.#learn(one, outcome);
    this.#end(one, () => tell(job, outcome, this.#owner.onError));
  }

  /** What its slots hold now: what it has changed, and what it has depended on and left alone. */
  #learn({ job, dependence, known }: UnderWay, at: Known["at"]): void {
    if (this.#waiting.length === 0) return;
    const place = { epoch: at.epoch, offset: at.offset };
    for (const slot of dependence.slots) this.#known.set(slot, { data: known.get(slot)?.data, at: place });
    for (const { slot, data } of job.changes) this.#known.set(slot, { data, at: place });
  }

  #refuse(one: UnderWay, thrown: unknown): void {
    this.#end(one, () => {
      try {
        one.job.refused(thrown);
      } catch (error) {
        this.#owner.onError(error);
      }
    });
  }

  /** Others go on behind it. */
  #end(one: UnderWay, answer: () => void): void {
    this.#underWay.delete(one);
    this.#soon();
    answer();
  }

  /** Where something waits for what does not come, it is not waited for without end. */
  #beImpatient(): void {
    const { clock } = this.#owner;
    clock.clearTimeout(this.#patience);
    this.#patience = undefined;
    if (this.#waiting.length === 0) return;
    this.#patience = clock.setTimeout(() => this.#soon(), PATIENCE_MS);
  }
}

/** Whose publishes and which slots have to wait. */
class Holding {
  readonly #slots = new Set<string>();
  readonly #orders = new Set<object>();

  has({ order, slots }: ChangeJob): boolean {
    if (order !== undefined && this.#orders.has(order)) return true;
    return this.#slots.size > 0 && slots.some((slot) => this.#slots.has(slot));
  }

  add({ order, slots }: ChangeJob, withSlots: boolean): void {
    if (order !== undefined) this.#orders.add(order);
    if (withSlots) for (const slot of slots) this.#slots.add(slot);
  }
}

/** Whether it may have been a condition that was added here which did not hold. */
function mayBeOfOurs({ tries, conditions }: ChangeJob, { error }: { readonly error: string }): boolean {
  if (error !== "cursor_ahead") return error === "conflict";
  // What was just read is behind the head, so that a second time it is its publisher's.
  return tries === 0 || !conditions.some(({ unchangedSince }) => typeof unchangedSince === "object");
}

function overtaken(channel: string): TidemarkError {
  return new TidemarkError(
    "unavailable",
    `what it depends on in ${JSON.stringify(channel)} has changed ${MOST_TRIES} times while it was decided; try again`,
  );
}
