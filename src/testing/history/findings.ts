import type { PromiseName, Violation } from "./events.js";

/** Where a check has got to, and what it has found. */
export class Findings {
  readonly violations: Violation[] = [];
  event = 0;
  time = 0;

  add(promise: PromiseName, message: string): void {
    this.violations.push({ promise, message, event: this.event, time: this.time });
  }
}
