/**
 * The room that matches: one for each name and match. Its players are nodes, which tell it of the rooms that they own and ask it for
 * places; what of it is shown to those who look on is the list of rooms. All that enters it is in its log before anything that came
 * of it is told, so what it has decided stands, whatever becomes of its owner.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { bool, f64, table, text, u16, u32 } from "../../../../room/columns.js";
import { MATCH, listingOf, roomList } from "../../../../room/match.js";
import { room, type RoomDef, type RoomOf } from "../../../../room/shape.js";
import { seatIdFor } from "../replica/seat-id.js";
import { ended, failed, give, isPassing, kept, left, sweep, told } from "./listing.js";
import { GIVEN, encodeGiven, readSaid } from "./said.js";

/** How often what has passed is looked for, while there is something that may, in milliseconds. */
const SWEEP_MS = 1000;
/** A channel's name may be as long, in bytes. */
const MOST_NAME = 255;

const anything: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "tidemark", validate: (value) => ({ value }) },
};

/** What it knows and does not show. */
const hidden = {
  known: table({ by: text(16), round: u32, used: u16, until: f64 }),
  held: table({ at: text(64), seat: text(16), until: f64 }),
  /** One row. */
  own: table({ name: text(MOST_NAME), sweeps: bool }),
};
const OWN = "own";

const whole = room({
  rate: roomList.rate,
  seats: roomList.seats,
  grace: roomList.grace,
  keep: roomList.keep,
  checkpoint: roomList.checkpoint,
  events: { [GIVEN]: anything },
  state: { ...roomList.state, ...hidden },
});

/**
 * The code of the room that matches players for rooms of a definition.
 *
 * @example const def = matchRoomOf(Arena.def)
 */
export function matchRoomOf({ shape, hooks }: RoomDef): RoomDef {
  const { def } = whole.code({
    create({ state }, { name }) {
      const listing = listingOf(name);
      if (listing === undefined) throw new Error(`${name} is no channel of ${MATCH}`);
      state.own.set(OWN, { name: listing.name, sweeps: false });
    },
    leave(r, { id }) {
      left(r.state, id, r.time);
      sweepLater(r);
    },
    input(r, { id }, input) {
      const { state, time } = r;
      const said = readSaid(input);
      sweep(state, time);
      if (said.rooms !== undefined) told(state, id, said.rooms, time);
      for (const one of said.closed) ended(state, one);
      for (const key of said.kept) kept(state, key, time);
      for (const one of said.failed) failed(state, one);
      const name = state.own.get(OWN)?.name ?? "";
      const seatIn = (at: string, key: string): string => seatIdFor(`${name}/${at}`, key);
      const given = give(state, said.wishes, { seats: shape.seats, seatIn }, time);
      if (given.length > 0) r.send(GIVEN, encodeGiven(given), id);
      sweepLater(r);
    },
    timers: {
      sweep(r) {
        const own = r.state.own.get(OWN);
        if (own !== undefined) own.sweeps = false;
        sweep(r.state, r.time);
        sweepLater(r);
      },
    },
  });
  // Nobody takes a seat in it but nodes, which do not ask; and it shows what may be seen of the rooms that it lists.
  return {
    shape: { ...def.shape, state: roomList.state },
    hidden,
    hooks: {
      ...def.hooks,
      allow: (context) =>
        context.action === "spectate" &&
        (hooks.allow === undefined || hooks.allow({ ...context, action: "list" })),
    },
  };
}

function sweepLater({ state, after }: RoomOf<typeof whole>): void {
  const own = state.own.get(OWN);
  if (own === undefined || own.sweeps || !isPassing(state)) return;
  own.sweeps = true;
  after(SWEEP_MS, "sweep");
}
