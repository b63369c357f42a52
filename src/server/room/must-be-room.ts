import type { RoomDef } from "../../room/shape.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { TidemarkError } from "../errors.js";

/**
 * What runs in a room.
 *
 * @throws {TidemarkError} `wrong_kind` for channels of other kinds
 */
export function mustBeRoom({ name, def }: ResolvedChannel): RoomDef {
  if (def.room !== undefined) return def.room;
  throw new TidemarkError(
    "wrong_kind",
    `${JSON.stringify(name)} is a ${def.kind.name} channel, which no code runs in: it is no room`,
  );
}
