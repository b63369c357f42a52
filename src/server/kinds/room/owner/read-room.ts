/** Reads the log of a room, by whoever reigns over it: nobody else writes meanwhile. */
import type { Broker, Payload, SlotsPage } from "../../../../broker/index.js";
import { joinBytes } from "../../../../protocol/bytes.js";
import type { TickEntry } from "../run/entering.js";
import { decodeEntry } from "../run/entries.js";
import { whole } from "../run/strict-json.js";
import {
  CHECKPOINT,
  CLOSED,
  MADE,
  REIGN,
  SHOWN,
  STUCK,
  decodeClosed,
  decodeMade,
  decodeReign,
  decodeSaved,
  decodeSeat,
  isInputs,
  pieceSlots,
  roomLogOptions,
  seatOf,
  writerOf,
  type ClosedRecord,
  type MadeRecord,
  type ReignRecord,
  type SavedRecord,
  type SeatRecord,
} from "./room-log.js";

/** A page of the walk: entries and bytes. */
const PAGE = { limit: 4096, bytes: 1024 * 1024 };

/** All that is in the log of a room. */
export interface RoomRecord {
  /** The epoch being written. */
  readonly epoch: string;
  /** Whether the log has lost something before: it has epochs. */
  readonly hasLost: boolean;
  readonly reign: ReignRecord | undefined;
  readonly made: MadeRecord | undefined;
  /** The checkpoints that are kept, oldest first. */
  readonly saved: readonly SavedRecord[];
  /** The bytes of the newest one; undefined where there is none. */
  readonly checkpoint: Uint8Array | undefined;
  readonly seats: ReadonlyMap<string, SeatRecord>;
  /** What entered, of all ticks that are kept, oldest first. */
  readonly inputs: readonly TickEntry[];
  /** Up to which tick players may have seen. */
  readonly shown: number;
  readonly isStuck: boolean;
  readonly closed: ClosedRecord | undefined;
  /** All slots that hold something. */
  readonly slots: ReadonlySet<string>;
  /** The reigns that wrote it, as far as that is still there. */
  readonly writers: ReadonlySet<string>;
}

/**
 * Reads all of a room's log.
 *
 * @throws {BrokerError}
 * @throws {Error} for a log that is not as this version writes them
 */
export async function readRoom(broker: Pick<Broker, "readSlots">, channel: string): Promise<RoomRecord> {
  const values = new Map<string, Payload>();
  const writers = new Set<string>();
  let after = 0;
  for (;;) {
    const page = await broker.readSlots(channel, { after, ...PAGE }, roomLogOptions());
    for (const { changes = [], meta } of page.entries) {
      const writer = writerOf(meta);
      if (writer !== undefined) writers.add(writer);
      for (const { slot, data } of changes) {
        if (data === undefined) values.delete(slot);
        else values.set(slot, data);
      }
    }
    const last = page.entries.at(-1)?.offset;
    if (last === undefined || last >= page.head) return recordOf(page, values, writers);
    after = last;
  }
}

function recordOf(
  { epochs }: SlotsPage,
  values: ReadonlyMap<string, Payload>,
  writers: Set<string>,
): RoomRecord {
  const read = <T>(slot: string, decode: (json: string) => T): T | undefined => {
    const value = values.get(slot);
    return value === undefined ? undefined : decode(textIn(value));
  };
  const seats = new Map<string, SeatRecord>();
  const inputs: TickEntry[] = [];
  for (const [slot, value] of values) {
    const seat = seatOf(slot);
    if (seat !== undefined) seats.set(seat, decodeSeat(textIn(value)));
    else if (isInputs(slot)) inputs.push(decodeEntry(textIn(value)));
  }
  inputs.sort((one, other) => one.tick - other.tick);
  const saved = read(CHECKPOINT, decodeSaved) ?? [];
  const newest = saved.at(-1);
  return {
    epoch: epochs.at(-1)?.epoch ?? "",
    hasLost: epochs.length > 1,
    reign: read(REIGN, decodeReign),
    made: read(MADE, decodeMade),
    saved,
    checkpoint: newest === undefined ? undefined : bytesOf(newest, values),
    seats,
    inputs,
    shown: read(SHOWN, (json) => whole(0)(JSON.parse(json))) ?? 0,
    isStuck: values.has(STUCK),
    closed: read(CLOSED, decodeClosed),
    slots: new Set(values.keys()),
    writers,
  };
}

function bytesOf(saved: SavedRecord, values: ReadonlyMap<string, Payload>): Uint8Array {
  const pieces = pieceSlots(saved).map((slot) => {
    const piece = values.get(slot);
    if (typeof piece !== "object") throw new RangeError(`the checkpoint of tick ${saved.tick} lacks ${slot}`);
    return piece;
  });
  const bytes = joinBytes(pieces);
  if (bytes.length === saved.bytes) return bytes;
  throw new RangeError(
    `the checkpoint of tick ${saved.tick} has ${bytes.length} bytes, and should have ${saved.bytes}`,
  );
}

function textIn(value: Payload): string {
  if (typeof value === "string") return value;
  throw new TypeError("bytes where a room's log has text");
}
