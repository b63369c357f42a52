/**
 * One transaction after the other, each with everything that came while the last one was on its way to the disk.
 * So a quiet log waits for one write of the disk, and a busy one shares it among all who wait.
 */
import { BrokerError } from "../contract.js";
import { Changes } from "./changes.js";
import type { Environment } from "./environment.js";

export interface CommitHooks {
  /** Last changes before a transaction closes. Returns what to call when it is on the disk. */
  readonly closing: (changes: Changes) => () => void;
  /** The disk took nothing of the last transactions: whatever they changed in memory is void. */
  readonly failed: (error: unknown) => void;
  /**
   * Asked before each transaction, which it may add to; `false` when another process has taken the directory. What it throws
   * is what the disk refuses.
   */
  readonly mayWrite: (changes: Changes) => boolean;
}

interface Waiter {
  readonly done: () => void;
  readonly fail: (error: BrokerError) => void;
}

export class GroupCommit {
  readonly #env: Environment;
  readonly #hooks: CommitHooks;
  #changes = new Changes();
  #waiters: Waiter[] = [];
  #scheduled = false;
  #underWay: Promise<void> | undefined;
  #stopped = false;

  constructor(env: Environment, hooks: CommitHooks) {
    this.#env = env;
    this.#hooks = hooks;
  }

  /** What goes into the next transaction. Whoever adds to it calls {@link wait} or {@link schedule}. */
  get changes(): Changes {
    return this.#changes;
  }

  /** Calls one of them when the next transaction, and all before it, are on the disk, or have failed. */
  wait(done: () => void, fail: (error: BrokerError) => void): void {
    if (this.#stopped) return fail(new BrokerError("closed", "this log was closed"));
    this.#waiters.push({ done, fail });
    this.schedule();
  }

  /** Starts a transaction as soon as none is under way. */
  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    // Whatever else this turn brings goes with it.
    if (this.#underWay === undefined) queueMicrotask(() => this.#start());
  }

  /** Resolves when nothing is waiting any more. */
  async idle(): Promise<void> {
    while (this.#scheduled || this.#underWay !== undefined) await (this.#underWay ?? Promise.resolve());
  }

  /** Lets what waits come to its end, and takes no more. */
  async close(): Promise<void> {
    await this.idle();
    this.#stopped = true;
  }

  #start(): void {
    this.#underWay = this.#run().finally(() => {
      this.#underWay = undefined;
      if (this.#scheduled) this.#start();
    });
  }

  async #run(): Promise<void> {
    const changes = this.#changes;
    const waiters = this.#waiters;
    let closed: () => void;
    try {
      closed = this.#hooks.closing(changes);
      this.#changes = new Changes();
      this.#waiters = [];
      this.#scheduled = false;
      if (changes.size > 0) await this.#write(changes);
    } catch (error) {
      this.#fail(error, waiters);
      return;
    }
    closed();
    for (const { done } of waiters) done();
  }

  async #write(changes: Changes): Promise<void> {
    if (!this.#hooks.mayWrite(changes)) throw new Error("another process writes this directory now");
    await this.#env.root.batch(() => changes.write());
  }

  /** What was decided since then stands on what has failed: that fails with it. */
  #fail(error: unknown, waiters: Waiter[]): void {
    // lmdb tells the cause in a promise of its own, which must not end the process.
    const { commitError } = error as { commitError?: Promise<unknown> };
    commitError?.catch(() => {});
    const later = this.#waiters;
    this.#changes = new Changes();
    this.#waiters = [];
    this.#scheduled = false;
    this.#hooks.failed(error);
    const refusal = new BrokerError("unavailable", "the disk did not take it", { cause: error });
    for (const { fail } of new Set([...waiters, ...later])) fail(refusal);
  }
}
