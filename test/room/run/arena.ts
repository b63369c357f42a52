/** Rooms that the tests of the runtime run. */
import * as z from "zod";
import { angle, fixed, table, text, u16, u8, type RowOf } from "../../../src/room/columns.js";
import { math } from "../../../src/room/math.js";
import { room, type RoomOf } from "../../../src/room/shape.js";

const place = { x: fixed(0, 2000, 1 / 8), y: fixed(0, 2000, 1 / 8) };
const players = table({ ...place, aim: angle, hp: u8, score: u16, name: text(16) });

export const arena = room({
  rate: 20,
  seats: 4,
  grace: "1s",
  checkpoint: "2s",
  match: ["mode"],
  join: z.object({ name: z.string().min(1).max(16) }),
  input: z.object({
    dx: z.number().min(-1).max(1),
    dy: z.number().min(-1).max(1),
    aim: z.number(),
    shoot: z.boolean(),
  }),
  events: { kill: z.object({ by: z.string(), whom: z.string() }) },
  state: { players, shots: table({ ...place, aim: angle, by: text(12) }) },
});

/** One input, one step. */
export function move(
  player: RowOf<typeof players>,
  input: { readonly dx: number; readonly dy: number; readonly aim: number },
  dt: number,
): void {
  const length = Math.max(1, math.hypot(input.dx, input.dy));
  player.x = Math.min(1999, Math.max(0, player.x + (input.dx / length) * 160 * dt));
  player.y = Math.min(1999, Math.max(0, player.y + (input.dy / length) * 160 * dt));
  player.aim = input.aim;
}

export interface ArenaUser {
  readonly id: string;
}

/** The arena of the README: players of 100 health, shots of 25 that fly 600 a second. Everybody begins at 100 × 100, and at 50 more for each who is there. */
export const Arena = arena.code<ArenaUser>({
  join(r, seat) {
    const x = 100 + 50 * r.state.players.size;
    r.state.players.set(seat.id, { x, y: 100, aim: 0, hp: 100, score: 0, name: seat.join.name });
  },
  leave(r, seat) {
    r.state.players.delete(seat.id);
  },
  input(r, seat, input) {
    const player = r.state.players.get(seat.id);
    if (player === undefined || player.hp === 0) return;
    move(player, input, r.dt);
    if (!input.shoot) return;
    r.state.shots.set(`${seat.id}-${r.tick}`, { x: player.x, y: player.y, aim: player.aim, by: seat.id });
  },
  tick(r) {
    for (const [id, shot] of r.state.shots) {
      shot.x += r.math.cos(shot.aim) * 600 * r.dt;
      shot.y += r.math.sin(shot.aim) * 600 * r.dt;
      const shooter = r.seats.get(shot.by);
      const seen = shooter === undefined ? r.state : r.seen(shooter);
      for (const [whom, player] of seen.players) {
        if (whom === shot.by || r.math.hypot(player.x - shot.x, player.y - shot.y) > 20) continue;
        hit(r, shot.by, whom);
        r.state.shots.delete(id);
        break;
      }
      if (shot.x <= 0 || shot.y <= 0 || shot.x >= 2000 || shot.y >= 2000) r.state.shots.delete(id);
    }
  },
  timers: {
    respawn(r, whom: string) {
      const player = r.state.players.get(whom);
      if (player !== undefined)
        Object.assign(player, { hp: 100, x: r.random() * 2000, y: r.random() * 2000 });
    },
  },
  view(state, seat) {
    const player = state.players.get(seat.id);
    return player === undefined ? "all" : { x: player.x, y: player.y, rx: 440, ry: 340 };
  },
});

type ArenaRoom = RoomOf<typeof arena, ArenaUser>;

function hit(r: Pick<ArenaRoom, "state" | "send" | "after">, by: string, whom: string): void {
  const target = r.state.players.get(whom);
  const shooter = r.state.players.get(by);
  if (target === undefined || target.hp === 0) return;
  target.hp = Math.max(0, target.hp - 25);
  if (target.hp > 0) return;
  if (shooter !== undefined) shooter.score++;
  r.send("kill", { by, whom });
  r.after(3000, "respawn", whom);
}
