/** Lifts, by its operator's word, what keeps a room from being taken over (R9). */
import { BrokerError, type Change } from "../../../../broker/index.js";
import { REIGN_LETTERS } from "../tick-message.js";
import { CRASHED } from "../run/run.js";
import { readRoom, type RoomRecord } from "./read-room.js";
import { shortReigns } from "./reigns.js";
import {
  CLOSED,
  encodeReign,
  encodeWriter,
  REIGN,
  roomLogOptions,
  STUCK,
  type ReignRecord,
} from "./room-log.js";
import { noteOf, type TakeoverDeps } from "./takeover.js";

/**
 * What became of it:
 * - `revived`: whoever wants the room has it, as it was saved last
 * - `sound`: there was nothing to lift, or there is no such room
 * - `over`: it has ended for another reason, and nothing of it is left
 * - `runs`: another node owns it now
 */
export type Revived = "revived" | "sound" | "over" | "runs";

/**
 * Lifts what keeps a room from being taken over: that it was closed because its owners died of it, or that it may come to that. Then it
 * goes on where it was saved last, when somebody comes. Rejects with the broker's error; asking again is safe.
 */
export async function reviveRoom(
  { broker, random, ttl }: Pick<TakeoverDeps, "broker" | "random" | "ttl">,
  channel: string,
): Promise<Revived> {
  const name = random.id().slice(0, REIGN_LETTERS);
  const asked = { ttl, secret: random.id(), note: noteOf(broker.node, name) };
  const reign = await broker.reign(channel, asked, roomLogOptions());
  if ("heldBy" in reign) return "runs";
  try {
    const found = await readRoom(broker, channel);
    const judged = judge(found);
    if (judged !== "revived") return judged;
    const draft = {
      key: { scope: `room/${name}/revive`, id: 1, print: 0 },
      meta: encodeWriter(name),
      reign: reign.token,
      changes: changesOf(found, { name, node: broker.node }),
    };
    const [outcome] = await broker.change(channel, [draft], roomLogOptions());
    if (outcome !== undefined && "offset" in outcome) return "revived";
    throw new BrokerError("unavailable", "nobody knows whether the room is revived; asking again is safe");
  } finally {
    await reign.release();
  }
}

function judge(found: RoomRecord): Revived {
  if (found.closed !== undefined) return found.closed.reason === CRASHED ? "revived" : "over";
  return shortReigns(found) > 0 ? "revived" : "sound";
}

/** A reign that has ended well, and nothing that speaks against the room. */
function changesOf(found: RoomRecord, { name, node }: Pick<ReignRecord, "name" | "node">): Change[] {
  const { reign, epoch } = found;
  const record: ReignRecord = {
    name,
    node,
    epoch,
    n: (reign?.n ?? 0) + 1,
    tick: reign?.tick ?? 0,
    short: 0,
    alone: false,
    released: true,
    next: undefined,
  };
  const gone = [STUCK, CLOSED].filter((slot) => found.slots.has(slot));
  return [{ slot: REIGN, data: encodeReign(record) }, ...gone.map((slot) => ({ slot, data: undefined }))];
}
