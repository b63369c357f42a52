/** How fast one connection may go: its commands, and its frames that bring none. */
import { TidemarkError } from "../../errors.js";
import type { ServerNode } from "../node.js";
import { TokenBucket, type RateOptions } from "./rate.js";

export class Allowance {
  readonly #node: ServerNode;
  /** The rate of commands; over HTTP all of a client's requests share it, and all from its address share the other. */
  #commands: TokenBucket | undefined;
  #ofAddress: TokenBucket | undefined;
  /** The rate of frames without a command, once there was one. */
  #frames: TokenBucket | undefined;
  /** Refusals in a row, and how long the last of them said to wait, in milliseconds. */
  #refused = 0;
  #after = 0;

  /** @param now on the monotonic clock, as all later times */
  constructor(node: ServerNode, now: number) {
    const { commands } = node.limits;
    this.#node = node;
    this.#commands = commands === false ? undefined : new TokenBucket(commands, now);
  }

  /** From here on the connection shares the rates of its client and of its address, as over HTTP all of theirs do. */
  share(ofClient: TokenBucket | undefined, ofAddress: TokenBucket | undefined): void {
    this.#commands = ofClient ?? this.#commands;
    this.#ofAddress = ofAddress;
  }

  /** Counts a command: `undefined`, or why the command may not be run now. */
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

  /** For how long no command would be let pass, in milliseconds; 0 when the last one was. */
  get spentFor(): number {
    return this.#refused === 0 ? 0 : this.#after;
  }

  /** Whether so many commands in a row were refused that the connection is to be closed. */
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

/** Refusals are no failures, and there may be many: a stack is of no interest, and costs more than all the rest of one. */
function withoutStack<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const made = make();
  Error.stackTraceLimit = stackTraceLimit;
  return made;
}
