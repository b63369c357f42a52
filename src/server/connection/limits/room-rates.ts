/** How often clients may do what costs a server a room, or tells them of one: a room has a log, and a server that runs it; and anybody can make up names. */
import type { Clock } from "../../../protocol/index.js";
import type { RoomLimits, ServerNode } from "../node.js";
import { ClientRate, aMinute } from "./client-rate.js";

export function roomRates(
  { made, finds, codes }: RoomLimits,
  clock: Pick<Clock, "monotonic">,
): Pick<ServerNode, "newRooms" | "finds" | "codes"> {
  const ofCodes = {
    code: "rate_limited",
    message: `more than ${String(codes)} codes of rooms a minute`,
  } as const;
  const ofFinds = {
    code: "rate_limited",
    message: `more than ${String(finds)} rooms found a minute`,
  } as const;
  const ofRooms = { code: "limit_reached", message: `more than ${String(made)} new rooms a minute` } as const;
  return {
    newRooms: new ClientRate({ clock, rate: aMinute(made), refusal: ofRooms }),
    finds: new ClientRate({ clock, rate: aMinute(finds), refusal: ofFinds }),
    codes: new ClientRate({ clock, rate: aMinute(codes), refusal: ofCodes }),
  };
}
