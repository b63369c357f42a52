import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "../broker/index.js";
import type { Logger } from "../server/logger.js";
import { markStuck } from "../server/kinds/room/watch/mark.js";
import { MARKS_FOLDER, readMark, type FoundMark } from "../server/kinds/room/watch/mark-file.js";

/** Signals that a process gets from its own faults: V8 aborts where the heap is full. */
const OWN_FAULTS: ReadonlySet<string> = new Set([
  "SIGABRT",
  "SIGTRAP",
  "SIGILL",
  "SIGSEGV",
  "SIGBUS",
  "SIGFPE",
]);
/** The same, as a shell says it that was in between. */
const OWN_FAULT_CODES: ReadonlySet<number> = new Set([132, 133, 134, 135, 136, 139]);

/** How a process ended. */
export interface Ended {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * What a process that ended says of the room that it was in the middle of: nothing; or that its log is to be marked; or is marked
 * already. Who is killed from outside blames nobody, unless it was by its own watchdog, which has said so.
 */
export function judgeDeath(
  mark: FoundMark | undefined,
  { code, signal }: Pick<Ended, "code" | "signal">,
): "nothing" | "to mark" | "marked" {
  switch (mark?.state) {
    case "marked":
      return "marked";
    case "stuck":
      return "to mark";
    case "in": {
      const isOwnFault = OWN_FAULTS.has(signal ?? "") || OWN_FAULT_CODES.has(code ?? 0);
      return isOwnFault ? "to mark" : "nothing";
    }
    case "out":
    case undefined:
      return "nothing";
  }
}

export interface RoomDeathsOptions {
  /** The logs of the rooms; asked for when there is something to say in one. */
  readonly open: () => Promise<Pick<Broker, "change">>;
  readonly log: Logger;
}

/** Sees of which room a process has died, and says so in its log (R9). */
export class RoomDeaths {
  readonly #options: RoomDeathsOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), "tidemark-rooms-"));
  #broker: Promise<Pick<Broker, "change">> | undefined;

  constructor(options: RoomDeathsOptions) {
    this.#options = options;
  }

  /** What the processes have to be told. */
  get env(): Readonly<Record<string, string>> {
    return { [MARKS_FOLDER]: this.#folder };
  }

  /** A process has ended. Resolves with whether a room's log says by now that it died of it; never rejects. */
  async ended(ended: Ended): Promise<boolean> {
    const mark = readMark(this.#folder, ended.pid);
    rmSync(join(this.#folder, `${ended.pid}`), { force: true });
    const judged = judgeDeath(mark, ended);
    if (mark === undefined || judged === "nothing") return false;
    return judged === "marked" || this.#mark(mark, ended);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #mark({ reign }: FoundMark, { pid, signal, code }: Ended): Promise<boolean> {
    const { log, open } = this.#options;
    const { room } = reign;
    try {
      const broker = await (this.#broker ??= open());
      const why = `its owner ended in it with ${signal ?? `code ${code}`}`;
      const isMarked = await markStuck(broker, reign, { why, tick: undefined });
      log.error({ room, pid, code, signal, marked: isMarked }, "a process ended in the code of a room");
      return isMarked;
    } catch (error) {
      // The next death is another try.
      this.#broker = undefined;
      log.error(
        { room, pid, error },
        "a process ended in the code of a room, and the room's log cannot be told",
      );
      return false;
    }
  }
}
