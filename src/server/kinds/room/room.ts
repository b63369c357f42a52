import type { RoomKind } from "../kind.js";

/** What one gets who is behind is one frame: all that is otherwise since the tick that it saw. */
export const ROOM: RoomKind = {
  name: "room",
  begins: "start",
  history: false,
  handle: (channel) => `play(rt, shape, ${JSON.stringify(channel)}) of tidemark/room/client`,
  logged: true,
  by: "room",
};
