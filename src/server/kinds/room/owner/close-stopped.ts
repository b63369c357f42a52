/** Ends a room that nobody runs, in its log: none of its code is run for it, which may be what its last owner died of. */
import type { Broker } from "../../../../broker/index.js";
import type { Random } from "../../../../protocol/index.js";
import { REIGN_LETTERS } from "../tick-message.js";
import { Ledger } from "./ledger.js";
import { readRoom } from "./read-room.js";
import { encodeWriter, roomLogOptions } from "./room-log.js";
import { noteOf } from "./takeover.js";

export interface CloseStoppedDeps {
  readonly broker: Pick<Broker, "node" | "reign" | "readSlots" | "change">;
  readonly random: Pick<Random, "id">;
  /** The length of a reign, in milliseconds: so long nobody else can take it where this fails in the middle. */
  readonly ttl: number;
}

/**
 * Takes the room's reign for so long as it needs to write that it has ended. `held`: somebody runs it, or its last reign is not over.
 *
 * @throws {BrokerError} where the broker does not answer; it may have been done
 */
export async function closeStopped(
  { broker, random, ttl }: CloseStoppedDeps,
  channel: string,
  reason: string,
): Promise<"closed" | "held" | "none"> {
  const name = random.id().slice(0, REIGN_LETTERS);
  const asked = { ttl, secret: random.id(), note: noteOf(broker.node, name) };
  const reign = await broker.reign(channel, asked, roomLogOptions());
  if ("heldBy" in reign) return "held";
  try {
    const found = await readRoom(broker, channel);
    if (found.closed !== undefined) return "closed";
    if (found.reign === undefined) return "none";
    const { tick } = found.saved.at(-1) ?? found.reign;
    const changes = new Ledger(found, 0, () => 0).close({ reason, tick });
    const key = { scope: `room/${name}/close`, id: 1, print: 0 };
    const draft = { key, meta: encodeWriter(name), reign: reign.token, changes };
    const [outcome] = await broker.change(channel, [draft], roomLogOptions({ closed: true }));
    return outcome !== undefined && "offset" in outcome ? "closed" : "held";
  } finally {
    // Where that fails it ends by itself.
    await reign.release().catch(() => {});
  }
}
