import type { Change } from "../../../../broker/index.js";
import type { TickEntry } from "../run/entering.js";
import { encodeEntry } from "../run/entries.js";
import {
  CHECKPOINT,
  CLOSED,
  MADE,
  PIECE_BYTES,
  REIGN,
  SHOWN,
  STUCK,
  encodeClosed,
  encodeMade,
  encodeReign,
  encodeSaved,
  encodeSeat,
  encodeStuck,
  inputsSlot,
  pieceSlots,
  seatSlot,
  type ClosedRecord,
  type MadeRecord,
  type ReignRecord,
  type SavedRecord,
  type SeatRecord,
} from "./room-log.js";

/** What of a log was found by whoever took it over. */
export interface Found {
  readonly slots: ReadonlySet<string>;
  readonly saved: readonly SavedRecord[];
  readonly inputs: readonly TickEntry[];
}

/** A room as it is to stand in a log that may hold anything. */
export interface Restated {
  readonly reign: ReignRecord;
  readonly made: MadeRecord;
  readonly seats: ReadonlyMap<string, SeatRecord>;
  readonly at: Omit<SavedRecord, "bytes">;
  /** Undefined: it cannot be saved; what was saved before stays. */
  readonly checkpoint: Uint8Array | undefined;
}

interface Logged {
  readonly tick: number;
  readonly time: number;
}

/**
 * What the log of a room holds, as its owner knows it, and what has to be changed in it. Each method says the changes of one thing
 * that has happened, and takes them for made: whoever cannot make them has to drop this.
 */
export class Ledger {
  readonly #slots: Set<string>;
  readonly #inputsFor: number;
  #saved: readonly SavedRecord[];
  /** Ticks of which there is what entered, oldest first. */
  #inputs: Logged[];

  /** @param inputsFor milliseconds of the room's own time that what entered is kept behind the newest checkpoint */
  constructor({ slots, saved, inputs }: Found, inputsFor: number, timeOf: (entry: TickEntry) => number) {
    this.#slots = new Set(slots);
    this.#inputsFor = inputsFor;
    this.#saved = saved;
    this.#inputs = inputs.map((entry) => ({ tick: entry.tick, time: timeOf(entry) }));
  }

  reign(record: ReignRecord): Change {
    return this.#set(REIGN, encodeReign(record));
  }

  made(record: MadeRecord): Change {
    return this.#set(MADE, encodeMade(record));
  }

  /** What was set from outside about the reign before. */
  unstuck(): Change[] {
    return this.#slots.has(STUCK) ? [this.#delete(STUCK)] : [];
  }

  stuck(why: string): Change {
    return this.#set(STUCK, encodeStuck({ why, tick: undefined }));
  }

  /** Who has a seat now; undefined: nobody. */
  seat(id: string, held: SeatRecord | undefined): Change[] {
    const slot = seatSlot(id);
    if (held !== undefined) return [this.#set(slot, encodeSeat(held))];
    return this.#slots.has(slot) ? [this.#delete(slot)] : [];
  }

  entry(entry: TickEntry, time: number): Change {
    this.#inputs.push({ tick: entry.tick, time });
    return this.#set(inputsSlot(entry.tick), encodeEntry(entry));
  }

  /** Players may have seen up to this tick. */
  shown(tick: number): Change {
    return this.#set(SHOWN, JSON.stringify(tick));
  }

  /** A checkpoint, and without what it stands for: one change of all, or the room could not be made again from what is left. */
  checkpoint(at: Omit<SavedRecord, "bytes">, bytes: Uint8Array): Change[] {
    const before = this.#saved.filter(({ tick }) => tick < at.tick);
    const kept = [
      ...keptOf(before, at.time - this.#inputsFor, this.#inputsFor),
      { ...at, bytes: bytes.length },
    ];
    const pieces = new Set(kept.flatMap(pieceSlots));
    const gone = this.#saved.flatMap(pieceSlots).filter((slot) => !pieces.has(slot) && this.#slots.has(slot));
    const oldest = kept[0]?.tick ?? at.tick;
    const overtaken = this.#inputs.filter(({ tick }) => tick <= oldest).map(({ tick }) => inputsSlot(tick));
    this.#saved = kept;
    this.#inputs = this.#inputs.filter(({ tick }) => tick > oldest);
    return [
      ...[...gone, ...overtaken].map((slot) => this.#delete(slot)),
      ...this.#pieces(at.tick, bytes),
      this.#set(CHECKPOINT, encodeSaved(kept)),
    ];
  }

  /** The room has ended: nothing of it is kept but that. */
  close(record: ClosedRecord): Change[] {
    const gone = [...this.#slots].filter((slot) => slot !== REIGN && slot !== CLOSED);
    return [...gone.map((slot) => this.#delete(slot)), this.#set(CLOSED, encodeClosed(record))];
  }

  /** The room has ended, and may be revived: all that it would be made again from stays. */
  shut(record: ClosedRecord): Change {
    return this.#set(CLOSED, encodeClosed(record));
  }

  /** There is no such room. */
  erase(): Change[] {
    return [...this.#slots].map((slot) => this.#delete(slot));
  }

  /** Nobody knows what the log has lost, or has come back to: all is said anew, and what does not belong there goes. */
  restate(found: ReadonlySet<string>, { reign, made, seats, at, checkpoint }: Restated): Change[] {
    for (const slot of found) this.#slots.add(slot);
    if (checkpoint !== undefined) {
      this.#saved = [];
      this.#inputs = [];
    }
    const wanted = [
      this.#set(REIGN, encodeReign(reign)),
      this.#set(MADE, encodeMade(made)),
      ...[...seats].map(([id, held]) => this.#set(seatSlot(id), encodeSeat(held))),
      ...(checkpoint === undefined ? [] : this.checkpoint(at, checkpoint)),
    ];
    const isWanted = new Set(wanted.map(({ slot }) => slot));
    const gone = [...this.#slots].filter(
      (slot) => !isWanted.has(slot) && (checkpoint !== undefined || isAboutNow(slot)),
    );
    return [...gone.map((slot) => this.#delete(slot)), ...wanted];
  }

  #pieces(tick: number, bytes: Uint8Array): Change[] {
    return pieceSlots({ tick, bytes: bytes.length }).map((slot, piece) =>
      this.#set(slot, bytes.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES)),
    );
  }

  #set(slot: string, data: string | Uint8Array): Change {
    this.#slots.add(slot);
    return { slot, data };
  }

  #delete(slot: string): Change {
    this.#slots.delete(slot);
    return { slot, data: undefined };
  }
}

/** What is said of the present only, and not what the room is made again from. */
function isAboutNow(slot: string): boolean {
  return slot === STUCK || slot.startsWith(seatSlot(""));
}

/**
 * The checkpoints that what was kept of inputs needs, oldest first: the newest one that is old enough, and of those behind it
 * some, so that one of them will be it when its time has come.
 */
function keptOf(saved: readonly SavedRecord[], until: number, span: number): SavedRecord[] {
  if (span === 0) return [];
  const first = Math.max(
    0,
    saved.findLastIndex(({ time }) => time <= until),
  );
  const kept: SavedRecord[] = [];
  for (const one of saved.slice(first)) {
    const last = kept.at(-1);
    if (last === undefined || one.time >= last.time + span) kept.push(one);
  }
  return kept;
}
