/** How fast one connection may go: its commands, and its frames that bring none. */
import { TidemarkError } from "../../errors.js";
import type { ServerNode } from "../node.js";
import { TokenBucket, type RateOptions } from "./rate.js";

export class Allowance {
  readonly #node: ServerNode;
  /** Of commands; over HTTP it is its client's, and beside it there is that of its address. */
  #commands: TokenBucket | undefined;
  #ofAddress: TokenBucket | undefined;
  /** Of frames without a command, once there was one. */
  #frames: TokenBucket | undefined;
  /** Refusals in a row, and what the last one was told to wait, in milliseconds. */
  #refused = 0;
  #after = 0;

  /** @param now on the monotonic clock, as all later times */
  constructor(node: ServerNode, now: number) {
    const { commands } = node.limits;
    this.#node = node;
    this.#commands = commands === false ? undefined : new TokenBucket(commands, now);
  }

  /** Over HTTP one client has many connections, which share what it may do. */
  share(ofClient: TokenBucket | undefined, ofAddress: TokenBucket | undefined): void {
    this.#commands = ofClient ?? this.#commands;
    this.#ofAddress = ofAddress;
  }

  /** Counts a command: `undefined`, or why it may not be run now. */
  refuse(now: number): TidemarkError | undefined {
    let wait = this.#commands?.take(now) ?? 0;
    if (wait === 0 && this.#ofAddress !== undefined) wait = this.#ofAddress.take(now);
    if (wait === 0) {
      this.#refused = 0;
      return undefined;
    }
    this.#refused++;
    this.#after = wait;
    this.#node.refused.commands++;
    const { perSecond } = this.#node.limits.commands as RateOptions;
    return withoutStack(
      () => new TidemarkError("rate_limited", `more than ${perSecond} commands a second`, { after: wait }),
    );
  }

  /** For how long nothing more would be let pass, in milliseconds; 0 when the last command was. */
  get spentFor(): number {
    return this.#refused === 0 ? 0 : this.#after;
  }

  /** Whether it has been refused so often in a row that it is to be closed. */
  get isSpent(): boolean {
    const { commands } = this.#node.limits;
    return commands !== false && this.#refused > commands.burst;
  }

  /** Counts a frame that brings no command: `undefined`, or why the connection is to be closed for it. */
  refuseFrame(now: number): string | undefined {
    const { frames } = this.#node.limits;
    if (frames === false) return undefined;
    this.#frames ??= new TokenBucket(frames, now);
    if (this.#frames.take(now) === 0) return undefined;
    this.#node.refused.frames++;
    return `more than ${frames.perSecond} frames a second that bring no command`;
  }
}

/** A refusal is no failure, and there may be many: where it was made is of no interest, and costs more than all the rest. */
function withoutStack<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const made = make();
  Error.stackTraceLimit = stackTraceLimit;
  return made;
}
