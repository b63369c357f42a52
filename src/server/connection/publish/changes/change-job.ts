/** A publish of changes on its way to the log. */
import type { Change, Changed, ChangesDraft, Condition, Draft, Payload } from "../../../../broker/index.js";
import type { Job } from "../append-queue.js";

/** What a publish is, whatever it publishes. */
export interface JobBase {
  /** As that of a {@link Job}; its data does not matter. */
  draftAt(now: number): Omit<Draft, "data"> | undefined;
  aborted(): boolean;
  done(outcome: Changed | "aborted" | "late" | Error): void;
  /** Called instead of `done` where the publish is refused, by no outcome of the log's. */
  refused(thrown: unknown): void;
}

/** What slots hold; `undefined`, or not named: nothing. */
export type Held = ReadonlyMap<string, Payload | undefined>;

/** What the changes of a publish depend on. */
export interface Dependence {
  /** The slots whose values they depend on: at least one. */
  readonly slots: readonly string[];
  /** All slots that its publisher has named to be changed. */
  readonly named: readonly string[];
  /**
   * The changes, as these slots stand. Called once for each try.
   *
   * @param tries how many were made before
   */
  decide(held: Held, tries: number): readonly Change[] | PromiseLike<readonly Change[]>;
}

export interface ChangeJobParts {
  readonly base: JobBase;
  /** Publishes of one and the same come into the log in the order in which they were handed over; `undefined`: of nobody's. */
  readonly order: object | undefined;
  /** What its publisher wants to be so. */
  readonly conditions: readonly Condition[];
  /** Its changes, or what they depend on. */
  readonly changes: readonly Change[] | Dependence;
}

export class ChangeJob implements Job<ChangesDraft, Changed> {
  readonly order: object | undefined;
  /** What its publisher wants to be so. */
  readonly conditions: readonly Condition[];
  /** What its changes depend on, where they do. */
  readonly dependence: Dependence | undefined;
  /** How often its changes were decided, and what they depend on had changed when they came to the log. */
  tries = 0;
  readonly #base: JobBase;
  #changes: readonly Change[];
  #if: readonly Condition[];

  constructor({ base, order, conditions, changes }: ChangeJobParts) {
    this.#base = base;
    this.order = order;
    this.conditions = conditions;
    this.dependence = "decide" in changes ? changes : undefined;
    this.#changes = "decide" in changes ? [] : changes;
    this.#if = conditions;
  }

  /** The slots that it is about. */
  get slots(): readonly string[] {
    return this.dependence?.named ?? this.#changes.map(({ slot }) => slot);
  }

  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** The changes, which hold as long as `unchanged` does. */
  decided(changes: readonly Change[], unchanged: readonly Condition[]): void {
    this.#changes = changes;
    this.#if = [...this.conditions, ...unchanged];
  }

  draftAt(now: number): ChangesDraft | undefined {
    const draft = this.#base.draftAt(now);
    if (draft === undefined) return undefined;
    const { key, within } = draft;
    const meta = metaWithTtl(draft.meta, this.#changes);
    return {
      key,
      changes: this.#changes,
      ...(this.#if.length > 0 && { if: this.#if }),
      ...(meta !== undefined && { meta }),
      ...(within !== undefined && { within }),
    };
  }

  aborted(): boolean {
    return this.#base.aborted();
  }

  done(outcome: Changed | "aborted" | "late" | Error): void {
    this.#base.done(outcome);
  }

  refused(thrown: unknown): void {
    this.#base.refused(thrown);
  }
}

/** Nodes that hear of changes know by their meta when the first of the slots is due, as far as this publish says it. */
function metaWithTtl(meta: string | undefined, changes: readonly Change[]): string | undefined {
  let least = Infinity;
  for (const { ttl } of changes) if (typeof ttl === "number") least = Math.min(least, ttl);
  if (least === Infinity) return meta;
  return meta === undefined ? `{"ttl":${least}}` : `${meta.slice(0, -1)},"ttl":${least}}`;
}
