/**
 * A room with `keep: "inputs"` as its log tells of it, made beside its owners: all that entered is in the log before anything of it is
 * shown, so this is what may be shown, to the bit, over all takeovers (R13, R31).
 */
import type { ChangesDraft, Payload } from "../../../broker/index.js";
import type { RoomDef } from "../../../room/shape.js";
import {
  CHECKPOINT,
  MADE,
  REIGN,
  decodeMade,
  decodeSaved,
  inputsSlot,
  isInputs,
  pieceSlots,
  writerOf,
  type SavedRecord,
} from "../../../server/kinds/room/owner/room-log.js";
import type { TickEntry } from "../../../server/kinds/room/run/entering.js";
import { decodeEntry } from "../../../server/kinds/room/run/entries.js";
import { Run } from "../../../server/kinds/room/run/run.js";
import type { RoomFindings } from "./findings.js";

export interface LineageDeps {
  readonly channel: string;
  readonly def: RoomDef;
  readonly findings: RoomFindings;
  /** What the log holds now, the newest change included. */
  readonly slots: () => ReadonlyMap<string, Payload>;
  /** The digest of what a run holds. */
  readonly digest: (run: Run) => number;
}

export class Lineage {
  readonly #deps: LineageDeps;
  /** What has entered and was not gone through yet, by tick. */
  readonly #entries = new Map<number, TickEntry>();
  #run: Run | undefined;
  /** The newest tick that was told. */
  #told = 0;
  /** The log has lost something, and it is not known from where its owner goes on. */
  #isUnsure = false;
  /** The reign that has written itself into the log since. */
  #since: string | undefined;
  /** It is not what is told, and nothing can be said of it any more. */
  #isBroken = false;

  constructor(deps: LineageDeps) {
    this.#deps = deps;
  }

  /** As far as it was gone through. */
  get run(): Run | undefined {
    return this.#isBroken ? undefined : this.#run;
  }

  /** Something of the log is gone: whoever reigns next may go on from there, or from what it remembers. */
  lost(): void {
    this.#isUnsure = true;
    this.#since = undefined;
  }

  /** Something was written; the log holds it. */
  written({ changes, meta }: ChangesDraft): void {
    if (this.#isBroken) return;
    const slots = new Set(changes.map(({ slot }) => slot));
    if (slots.has(REIGN)) this.#since = writerOf(meta);
    for (const { slot, data } of changes) {
      if (typeof data !== "string") continue;
      if (slot === MADE && this.#run === undefined) this.#make(data);
      if (isInputs(slot)) this.#take(decodeEntry(data));
    }
    const saved = changes.find(({ slot }) => slot === CHECKPOINT)?.data;
    const newest = typeof saved === "string" ? decodeSaved(saved).at(-1) : undefined;
    if (newest !== undefined) this.#compare(newest, slots.has(MADE) || this.#isOvertaken(changes));
  }

  /** A tick was told, in which the room held that. */
  told(tick: number, digest: number, reign: string): void {
    if (this.#isBroken) return;
    const { channel, findings, digest: digestOf } = this.#deps;
    const run = this.#run;
    const before = run?.tick ?? 0;
    if (run !== undefined && tick >= before && this.#step(run, tick) && digestOf(run) === digest) {
      this.#told = tick;
      if (reign === this.#since) this.#isUnsure = false;
      return;
    }
    if (this.#isUnsure && this.#adopt(tick, digest)) {
      this.#told = tick;
      return;
    }
    this.#isBroken = true;
    findings.add(
      "one run",
      tick < before
        ? `R13: ${reign} tells tick ${tick} of ${channel}, and ${before} was told`
        : `R13: tick ${tick} of ${channel}, as ${reign} tells it, is not what its log comes to`,
    );
  }

  #make(made: string): void {
    const { channel, def } = this.#deps;
    const { seed, match } = decodeMade(made);
    this.#run = new Run(def, { seed, about: { name: channel, match: Object.fromEntries(match) } });
  }

  #take(entry: TickEntry): void {
    const { channel, findings } = this.#deps;
    const at = this.#run?.tick ?? 0;
    if (entry.tick <= at && !this.#isUnsure)
      findings.add("one run", `R13: tick ${entry.tick} of ${channel} was written when ${at} had been told`);
    this.#entries.set(entry.tick, entry);
  }

  /** Goes on to a tick. Whether that can be. */
  #step(run: Run, tick: number): boolean {
    const hasTicks = run.settings.rate > 0;
    while (run.tick < tick && run.closed === undefined) {
      const entry = this.#entries.get(run.tick + 1);
      if (entry === undefined && !hasTicks) return false;
      this.#entries.delete(run.tick + 1);
      run.step(entry?.entered, entry?.at);
    }
    return run.tick === tick;
  }

  /** Whether a change takes away what entered in ticks of which nothing was ever in the log: a checkpoint stands for it. */
  #isOvertaken(changes: ChangesDraft["changes"]): boolean {
    return changes.some(({ slot, data }) => {
      const tick = data === undefined && isInputs(slot) ? Number(slot.slice(inputsSlot(0).length - 1)) : 0;
      return tick > (this.#run?.tick ?? 0) && !this.#entries.has(tick);
    });
  }

  /**
   * A checkpoint is in the log: it is what the log says without it.
   *
   * @param holdsMore whether it stands for something that was not written by itself, nor told: a tick whose inputs it takes the place of, or
   *   what its owner remembers
   */
  #compare(saved: SavedRecord, holdsMore: boolean): void {
    const run = this.#run;
    if (run === undefined || saved.tick < run.tick) return;
    const bytes = this.#bytesOf(saved);
    const isSame =
      bytes !== undefined && this.#step(run, saved.tick) && Buffer.compare(run.checkpoint(), bytes) === 0;
    if (isSame) return;
    if ((this.#isUnsure || (holdsMore && saved.tick > this.#told)) && bytes !== undefined) {
      this.#run = new Run(this.#deps.def, { from: bytes });
      return;
    }
    this.#isBroken = true;
    const { channel, findings } = this.#deps;
    findings.add(
      "one run",
      `R11: the checkpoint of tick ${saved.tick} of ${channel} is not what its log comes to`,
    );
  }

  /** Goes on from what the log holds, if that is what is told. */
  #adopt(tick: number, digest: number): boolean {
    const { def, slots, digest: digestOf } = this.#deps;
    const text = slots().get(CHECKPOINT);
    const saved = typeof text === "string" ? decodeSaved(text).at(-1) : undefined;
    const bytes = saved === undefined ? undefined : this.#bytesOf(saved);
    const made = slots().get(MADE);
    if (bytes !== undefined) this.#run = new Run(def, { from: bytes });
    else if (typeof made === "string") this.#make(made);
    this.#entries.clear();
    for (const [slot, data] of slots())
      if (isInputs(slot) && typeof data === "string") {
        const entry = decodeEntry(data);
        if (entry.tick > (this.#run?.tick ?? 0)) this.#entries.set(entry.tick, entry);
      }
    const run = this.#run;
    return run !== undefined && run.tick <= tick && this.#step(run, tick) && digestOf(run) === digest;
  }

  #bytesOf(saved: SavedRecord): Uint8Array | undefined {
    const pieces = pieceSlots(saved).map((slot) => this.#deps.slots().get(slot));
    const bytes: Uint8Array[] = [];
    for (const piece of pieces) {
      if (typeof piece !== "object") return undefined;
      bytes.push(piece);
    }
    return Buffer.concat(bytes);
  }
}
