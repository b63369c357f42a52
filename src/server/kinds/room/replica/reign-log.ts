/** What a room's log says of who owns it: read, or heard as it is written. */
import type { Broker, ChangesEntry, Epoch } from "../../../../broker/index.js";
import { CLOSED, decodeClosed, decodeReign, REIGN, roomLogOptions } from "../owner/room-log.js";
import type { FoundReign } from "./reigns.js";

/** What some entries say. */
export interface FoundLog {
  readonly reign: FoundReign | undefined;
  /** Why the room has ended for good, and where that was written, if it has. */
  readonly closed: { readonly reason: string; readonly at: number } | undefined;
}

/** What the log says at some moment. */
export interface FoundPage extends FoundLog {
  /** Oldest first; the last is the one being written. */
  readonly epochs: readonly Epoch[];
  readonly head: number;
}

/**
 * Reads who reigns.
 *
 * @throws {BrokerError}
 * @throws {Error} for a log that is not as this version writes them
 */
export async function readReign(broker: Pick<Broker, "readSlots">, channel: string): Promise<FoundPage> {
  const { entries, epochs, head } = await broker.readSlots(
    channel,
    { slots: [REIGN, CLOSED] },
    roomLogOptions(),
  );
  return { epochs, head, ...foundIn(entries, epochs) };
}

/**
 * The same of entries that were written in the newest of these epochs, or were read with them.
 *
 * @throws {Error} for entries that are not as this version writes them
 */
export function foundIn(entries: readonly ChangesEntry[], epochs: readonly Epoch[]): FoundLog {
  let reign: FoundReign | undefined;
  let closed: FoundLog["closed"];
  for (const { offset, changes = [] } of entries)
    for (const { slot, data } of changes) {
      if (typeof data !== "string") continue;
      if (slot === CLOSED) closed = { reason: decodeClosed(data).reason, at: offset };
      if (slot !== REIGN) continue;
      const { name, node, released, epoch } = decodeReign(data);
      reign = { name, node, released, epoch, at: { epoch: epochOf(offset, epochs), offset } };
    }
  return { reign, closed };
}

/** The epoch that an entry is of: those behind the base of one are its. */
function epochOf(offset: number, epochs: readonly Epoch[]): string {
  let name = epochs[0]?.epoch ?? "";
  for (const { epoch, base } of epochs) if (base < offset) name = epoch;
  return name;
}
