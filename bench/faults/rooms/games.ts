/** Rooms that are well, and one that is poison. */
import { room, type RoomDef } from "../../../src/room/shape.js";
import { table, u32 } from "../../../src/room/columns.js";

const shape = room({
  rate: 20,
  seats: 4,
  grace: "60s",
  checkpoint: "2s",
  state: { clock: table({ ticks: u32 }) },
});

/** What becomes of the poison room at its tick: it stands still, or what it hoards grows without end. */
export type Poison = "loops" | "grows";

/** So many objects it hoards in a tick: some megabytes. */
const HOARDED = 100_000;

const Well = shape.code({
  create(r) {
    r.state.clock.set("c", { ticks: 0 });
  },
  tick(r) {
    const clock = r.state.clock.get("c");
    if (clock !== undefined) clock.ticks++;
  },
});

function poisonOf(poison: Poison, at: number): RoomDef {
  const hoard: { readonly n: number; readonly of: string }[][] = [];
  return shape.code({
    tick({ tick }) {
      if (tick < at) return;
      if (poison === "grows")
        hoard.push(Array.from({ length: HOARDED }, (_, n) => ({ n, of: `tick ${tick}` })));
      else for (;;);
    },
  }).def;
}

/** The code of a room by its channel. */
export function defineWith(poison: Poison, at: number): (channel: string) => RoomDef | undefined {
  const def = poisonOf(poison, at);
  return (channel) => (channel.startsWith("poison/") ? def : Well.def);
}

/** For who only looks on, and runs no code of rooms. */
export const Shown = Well.def;
