/**
 * The arena as its authors write it, shape, server's code and page, and what does not compile. Compiled only; nothing here runs.
 */
import { connect } from "tidemark/client";
import { usePlay, useFrame } from "tidemark/react/room";
import {
  angle,
  fixed,
  math,
  room,
  stepOf,
  table,
  text,
  u16,
  u8,
  type RoomOf,
  type RowOf,
} from "tidemark/room";
import { play, Spawns, type Game, type GameOf } from "tidemark/room/client";
import * as z from "zod";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

// arena.ts: what both sides know.
const place = { x: fixed(0, 2000, 1 / 8), y: fixed(0, 2000, 1 / 8) };
const players = table({ ...place, aim: angle, hp: u8, score: u16, name: text(16) });
const shots = table({ ...place, aim: angle, by: text(16) });

export const arena = room({
  rate: 20,
  seats: 64,
  grace: "20s",
  checkpoint: "2s",
  match: ["mode"],
  join: z.object({ name: z.string().min(1).max(16), team: z.number().default(1) }),
  input: z.object({
    dx: z.number().min(-1).max(1),
    dy: z.number().min(-1).max(1),
    aim: z.number(),
    shoot: z.boolean(),
  }),
  events: { kill: z.object({ by: z.string(), whom: z.string(), how: z.string().default("shot") }) },
  state: { players, shots },
});

/** One input, one step: the server runs it to decide, the client to predict. */
export const move = stepOf(
  players,
  (p, input: { readonly dx: number; readonly dy: number; readonly aim: number }, seconds) => {
    const length = Math.max(1, math.hypot(input.dx, input.dy));
    p.x = Math.min(1999, Math.max(0, p.x + (input.dx / length) * 160 * seconds));
    p.y = Math.min(1999, Math.max(0, p.y + (input.dy / length) * 160 * seconds));
    p.aim = input.aim;
  },
);

// server.ts
export const Arena = arena.code<{ id: string; vip: boolean }>({
  join(r, seat) {
    const { name } = seat.join;
    r.state.players.set(seat.id, { x: r.random() * 2000, y: 1000, aim: 0, hp: 100, score: 0, name });
  },
  leave(r, seat) {
    r.state.players.delete(seat.id);
  },
  input(r, seat, input) {
    const p = r.state.players.get(seat.id);
    if (p === undefined || p.hp === 0) return;
    move(p, input, r.dt);
    if (input.shoot) r.state.shots.set(`${seat.id}-${r.tick}`, { x: p.x, y: p.y, aim: p.aim, by: seat.id });
  },
  tick(r) {
    for (const [id, shot] of r.state.shots) {
      shot.x += r.math.cos(shot.aim) * 600 * r.dt;
      shot.y += r.math.sin(shot.aim) * 600 * r.dt;
      const shooter = r.seats.get(shot.by);
      const seen = shooter === undefined ? r.state : r.seen(shooter);
      for (const [whom, p] of seen.players) {
        if (whom === shot.by || r.math.hypot(p.x - shot.x, p.y - shot.y) > 20) continue;
        hit(r, shot.by, whom);
        r.state.shots.delete(id);
      }
    }
  },
  timers: {
    respawn(r, whom: string) {
      const p = r.state.players.get(whom);
      if (p) Object.assign(p, { hp: 100, x: r.random() * 2000, y: r.random() * 2000 });
    },
  },
  view: (state, seat) => {
    const p = state.players.get(seat.id);
    return p ? { x: p.x, y: p.y, rx: 440, ry: 340 } : "all";
  },
});

function hit(r: Pick<RoomOf<typeof arena>, "state" | "send" | "after">, by: string, whom: string): void {
  const target = r.state.players.get(whom);
  if (!target || target.hp === 0) return;
  target.hp = Math.max(0, target.hp - 25);
  if (target.hp > 0) return;
  r.send("kill", { by, whom });
  r.after("3s", "respawn", whom);
}

// client.ts
declare const keys: Set<string>;
declare const mouse: { readonly angle: number; readonly down: boolean };
declare function draw(p: { x: number; y: number; name: string; hp: number }, mine: boolean): void;
const rt = connect("wss://example.com/connect");

export async function main(): Promise<void> {
  const game = await play(rt, arena, "arena/42", {
    match: { mode: "ffa" },
    join: { name: "ann" },
    predict: { players: move },
  });
  game.on("kill", ({ by, whom, how }) => [by.length, whom.length, how.length]);
  game.pace(() => ({
    dx: +keys.has("d") - +keys.has("a"),
    dy: +keys.has("s") - +keys.has("w"),
    aim: mouse.angle,
    shoot: mouse.down,
  }));
  requestAnimationFrame(function paint() {
    for (const [id, p] of game.frame().players) draw(p, id === game.seat);
    requestAnimationFrame(paint);
  });

  type Player = RowOf<typeof players>;
  same<Equal<typeof game, GameOf<typeof arena>>>();
  same<Equal<ReturnType<typeof game.me<"players">>, Player | undefined>>();
  same<Equal<ReturnType<ReturnType<typeof game.frame>["players"]["get"]>, Player | undefined>>();
  same<Equal<ReturnType<typeof game.input>, number | undefined>>();
  game.on("resumed", ({ lost, tick }) => same<Equal<[typeof lost, typeof tick], [boolean, number]>>());
  game.on("left", ({ code, reason }) => [code, reason]);
  game.on("refused", ({ n, code, after }) => [n, code, after]);
  // @ts-expect-error -- no such event
  game.on("won", () => {});
  // @ts-expect-error -- of another form
  game.input({ dx: 1 });
  // @ts-expect-error -- no such table
  game.me("bombs");
  // @ts-expect-error -- the rows that are shown are not added to
  game.frame().players.clear();
  // @ts-expect-error -- a column is missing
  game.spawn("shots", "a", { x: 1, y: 1, aim: 0 });
  await game.send({ dx: 0, dy: 0, aim: 0, shoot: true });
  await game.leave();
}

/** Steps and rows that are made in place have the types of the shape. */
export async function inPlace(): Promise<Game<PartsOf>> {
  return play(
    rt,
    arena,
    "arena/:id",
    { id: "42" },
    {
      join: { name: "ann", team: 2 },
      predict: {
        players: (p, input, seconds) => {
          same<Equal<typeof input.shoot, boolean>>();
          p.x += input.dx * seconds;
          // @ts-expect-error -- no such column
          p.z = 1;
        },
      },
      snap: { players: 40 },
      interpolate: { shots: { jumps: { x: 60 } } },
      spawns: {
        shots: new Spawns<RowOf<typeof shots>>({ step: (shot, seconds) => (shot.x += 600 * seconds) }),
      },
      budget: 4000,
      seatSecret: "a-secret-that-nobody-else-knows",
    },
  );
}
type PartsOf = typeof arena extends { readonly "~parts"?: infer P }
  ? Extract<P, { readonly match: "mode" }>
  : never;

export const watched = play(rt, arena, "arena/42", { spectate: true });
// @ts-expect-error -- the shape says what to join with
void play(rt, arena, "arena/42");
// @ts-expect-error -- the same
void play(rt, arena, "arena/42", {});
// @ts-expect-error -- of another form
void play(rt, arena, "arena/42", { join: { nick: "ann" } });
// @ts-expect-error -- nobody is matched by it
void play(rt, arena, "arena/42", { join: { name: "ann" }, match: { level: "1" } });
// @ts-expect-error -- who watches predicts nothing
void play(rt, arena, "arena/42", { spectate: true, predict: { players: move } });
// @ts-expect-error -- no such table
void play(rt, arena, "arena/42", { join: { name: "ann" }, predict: { bombs: move } });

// A shape that says nothing of its players.
const bare = room({ state: { lots: table({ best: u16 }) } });
export const bid = play(rt, bare, "auction/1").then((auction) => auction.send({ any: "thing" }));
void play(rt, bare, "auction/1", { join: 7 });

interface ArenaApp {
  readonly "~types"?: {
    readonly channels: {
      readonly "arena/:id": { kind: "room"; input: never; output: never };
      readonly "chat/:id": { kind: "stream"; input: string; output: string };
    };
    readonly methods: Readonly<Record<string, never>>;
  };
}
const app = connect<ArenaApp>("wss://example.com/connect");
void play(app, arena, "arena/42", { join: { name: "ann" } });
void play(app, arena, "arena/:id", { id: "42" }, { join: { name: "ann" } });
// @ts-expect-error -- a stream is no room
void play(app, arena, "chat/1", { join: { name: "ann" } });
// @ts-expect-error -- no such channel
void play(app, arena, "arenaa/1", { join: { name: "ann" } });
// @ts-expect-error -- the parameter has another name
void play(app, arena, "arena/:id", { room: "42" }, { join: { name: "ann" } });

export function Component({ id }: { readonly id: string }): string {
  const { game, error } = usePlay(
    arena,
    "arena/:id",
    { id },
    { join: { name: "ann" }, predict: { players: move } },
  );
  same<Equal<typeof game, GameOf<typeof arena> | undefined>>();
  const hp = useFrame(game, (rows) => rows.players.get(game?.seat ?? "")?.hp);
  same<Equal<typeof hp, number | undefined>>();
  useFrame(game, ({ shots: all }) => void all.size);
  // @ts-expect-error -- no such table
  useFrame(game, ({ bombs }) => bombs);
  return `${hp} ${error?.code}`;
}
