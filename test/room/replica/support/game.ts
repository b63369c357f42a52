/** A small room for tests of those who look at one: players that move by inputs, and things that move by themselves. */
import * as z from "zod";
import { fixed, table, text, u16 } from "../../../../src/room/columns.js";
import { room } from "../../../../src/room/shape.js";

const place = { x: fixed(0, 1000, 1 / 8), y: fixed(0, 1000, 1 / 8) };

export const shape = room({
  rate: 20,
  seats: 4,
  grace: "2s",
  join: z.object({ name: z.string().min(1).max(16) }),
  input: z.object({ dx: z.number().min(-10).max(10) }),
  events: { moved: z.object({ n: z.number() }), told: z.string() },
  state: { players: table({ ...place, moves: u16, name: text(16) }), things: table({ ...place, n: u16 }) },
});

/** Everybody begins at 100 × 100, and each input moves by so much; ten things go from left to right. Players see 200 around them. */
export const Game = shape.code<{ readonly id: string }>({
  create(r) {
    for (let n = 0; n < 10; n++) r.state.things.set(`t${n}`, { x: 100 * n, y: 100 * n, n: 0 });
  },
  join(r, seat) {
    if (seat.join.name === "nobody") throw new Error("nobody is not let in");
    r.state.players.set(seat.id, { x: 100, y: 100, moves: 0, name: seat.join.name });
  },
  leave(r, seat) {
    r.state.players.delete(seat.id);
  },
  input(r, seat, { dx }) {
    const player = r.state.players.get(seat.id);
    if (player === undefined) return;
    player.x += dx;
    player.moves++;
    if (dx === 10) r.send("moved", { n: player.moves });
    if (dx === -10) r.send("told", "you moved", seat);
  },
  tick(r) {
    for (const thing of r.state.things.values()) {
      thing.x = (thing.x + 5) % 1000;
      thing.n = r.tick;
    }
  },
  view(state, seat) {
    const player = state.players.get(seat.id);
    return player === undefined ? "all" : { x: player.x, y: player.y, rx: 200, ry: 200 };
  },
});
