import type { PromiseName, Violation } from "../../history/events.js";
import type { Recorder } from "../recorder.js";

/** More are not listed of one run. */
const MOST = 50;

/** What a run of rooms breaks, as it shows. */
export class RoomFindings {
  readonly violations: Violation[] = [];
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  add(promise: PromiseName, message: string): void {
    this.#recorder.trace(`broken ${promise}`);
    if (this.violations.length >= MOST) return;
    this.violations.push({ promise, message, event: this.violations.length, time: this.#recorder.time });
  }
}
