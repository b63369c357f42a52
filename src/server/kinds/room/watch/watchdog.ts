/** Watches over a process that runs code of rooms: a thread beside it, and what that thread looks at (R9). */
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import type { ThreadEntry } from "../../../../broker/index.js";
import type { Clock, Timer } from "../../../../protocol/index.js";
import type { Logger } from "../../../logger.js";
import { MarkFile } from "./mark-file.js";
import { newStepMemory, StepWriter } from "./step-memory.js";
import type { StepMarks } from "./steps.js";
import type { WatchData } from "./watch-thread.js";

/** How often it is looked whether there is a debugger, and how full the heap is, in milliseconds. */
const LOOK_MS = 250;
/** Above this share of its heap a process may be about to end of it, and each step is written down; below the other one no more. */
const TIGHT_ABOVE = 0.7;
const TIGHT_BELOW = 0.6;

export interface WatchdogOptions {
  /** Milliseconds, 100 or more. */
  readonly stall: number;
  /** How the thread reaches the logs while this one stands still. */
  readonly entry: ThreadEntry | undefined;
  /** Where whoever looks after this process reads what it was in the middle of; undefined: nobody does. */
  readonly folder: string | undefined;
  /** Whether each step is written down; otherwise only while memory is short. */
  readonly isAlwaysClose: boolean;
  readonly log: Logger;
  /** Its timers do not keep the process alive. */
  readonly clock: Clock;
}

export class Watchdog {
  readonly marks: StepMarks;
  readonly #steps: StepWriter;
  readonly #file: MarkFile | undefined;
  readonly #worker: Worker | undefined;
  readonly #clock: Clock;
  #look: Timer;
  readonly #isAlwaysClose: boolean;
  #isTight = false;
  #isClosed = false;
  #isDebugged: () => boolean = () => false;

  constructor({ stall, entry, folder, isAlwaysClose, log, clock }: WatchdogOptions) {
    this.#clock = clock;
    this.#isAlwaysClose = isAlwaysClose;
    const memory = newStepMemory();
    this.#steps = new StepWriter(memory);
    this.marks = this.#steps;
    this.#file = openFile(folder, log);
    this.#worker = this.#begin({ memory, stall, entry, fd: this.#file?.fd }, log);
    this.#lookAround();
    void this.#findDebugger();
  }

  close(): void {
    this.#isClosed = true;
    this.#clock.clearTimeout(this.#look);
    this.#worker?.postMessage("close");
    this.#file?.close();
  }

  #begin(data: WatchData, log: Logger): Worker | undefined {
    const failed = (error: unknown): void =>
      log.warn({ error }, "nobody watches over rooms: one that stands still has this process stand still");
    try {
      // Nothing of how this process was begun is for the thread: no heap limit, no module that it loads first.
      const worker = new Worker(new URL("./watch-thread.js", import.meta.url), {
        workerData: data,
        execArgv: [],
        env: {},
      });
      worker.on("error", failed);
      worker.on("exit", (code) => {
        if (!this.#isClosed) failed(new Error(`its thread ended with code ${code}`));
      });
      worker.unref();
      return worker;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  #lookAround(): void {
    this.#look = this.#clock.setTimeout(() => this.#lookAround(), LOOK_MS);
    this.#steps.isDebugged = this.#isDebugged();
    if (this.#file === undefined) return;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    const isTight = this.#isAlwaysClose || used > limit * (this.#isTight ? TIGHT_BELOW : TIGHT_ABOVE);
    if (isTight === this.#isTight) return;
    this.#isTight = isTight;
    this.#file.forget();
    this.#steps.lookClosely(isTight ? this.#file : undefined);
    if (!isTight) this.#file.end();
  }

  /** Not every Node is built with one. */
  async #findDebugger(): Promise<void> {
    try {
      const { url } = await import("node:inspector");
      this.#isDebugged = () => url() !== undefined;
      this.#steps.isDebugged = this.#isDebugged();
    } catch {
      // Then nobody can hold this thread.
    }
  }
}

function openFile(folder: string | undefined, log: Logger): MarkFile | undefined {
  if (folder === undefined) return undefined;
  try {
    return MarkFile.open(folder, process.pid);
  } catch (error) {
    log.warn({ error, folder }, "a room that this process ends of cannot be named to who looks after it");
    return undefined;
  }
}
