/** What a room's log says of who runs it, without what is in the room. */
import type { Broker } from "../../../../broker/index.js";
import {
  CLOSED,
  MADE,
  REIGN,
  STUCK,
  decodeClosed,
  decodeMade,
  decodeReign,
  decodeStuck,
  roomLogOptions,
  type ClosedRecord,
  type MadeRecord,
  type ReignRecord,
} from "./room-log.js";

export interface RoomStatus {
  /** Who owns it, or did last; undefined: nobody has made it yet. */
  readonly reign: ReignRecord | undefined;
  readonly made: MadeRecord | undefined;
  readonly closed: ClosedRecord | undefined;
  /** Why its last owner could not go on with it, where that is so. */
  readonly stuck: string | undefined;
}

/**
 * Reads some slots, all of them at one moment.
 *
 * @throws {BrokerError}
 * @throws {Error} for a log that is not as this version writes them
 */
export async function readStatus(broker: Pick<Broker, "readSlots">, channel: string): Promise<RoomStatus> {
  const { entries } = await broker.readSlots(
    channel,
    { slots: [REIGN, MADE, CLOSED, STUCK] },
    roomLogOptions(),
  );
  const texts = new Map<string, string>();
  for (const { changes = [] } of entries)
    for (const { slot, data } of changes) if (typeof data === "string") texts.set(slot, data);
  const read = <T>(slot: string, decode: (json: string) => T): T | undefined => {
    const text = texts.get(slot);
    return text === undefined ? undefined : decode(text);
  };
  return {
    reign: read(REIGN, decodeReign),
    made: read(MADE, decodeMade),
    closed: read(CLOSED, decodeClosed),
    stuck: read(STUCK, decodeStuck),
  };
}

/** Whether somebody runs it, or is about to: as far as its log knows. */
export function hasOwner({ reign, closed, stuck }: RoomStatus): boolean {
  if (reign === undefined || closed !== undefined || stuck !== undefined) return false;
  return !reign.released || reign.next !== undefined;
}
