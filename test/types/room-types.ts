/** What compiles of a room's shape and code, and what does not. Compiled only; nothing here runs. */
import * as z from "zod";
import { angle, bool, fixed, oneOf, optional, table, text, u8 } from "../../src/room/columns.js";
import type { Seat, View } from "../../src/room/hooks.js";
import { room, type RoomOf } from "../../src/room/shape.js";
import { replay } from "../../src/testing/room/replay.js";
import { step } from "../../src/testing/room/step.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

interface User {
  readonly id: string;
  readonly vip: boolean;
}

interface Player {
  x: number;
  aim: number;
  hp: number;
  name: string;
  mood: "calm" | "angry";
  ready: boolean;
  note?: string | undefined;
}

const shape = room({
  rate: 20,
  match: ["mode", "map"],
  join: z.object({ name: z.string(), team: z.number().default(1) }),
  input: z.object({ dx: z.number(), at: z.string().transform(Number) }),
  events: { kill: z.object({ by: z.string(), how: z.string().default("shot") }) },
  state: {
    players: table({
      x: fixed(0, 100, 1),
      aim: angle,
      hp: u8,
      name: text(16),
      mood: oneOf("calm", "angry"),
      ready: bool,
      note: optional(text(8)),
    }),
    shots: table({ x: fixed(0, 100, 1) }),
  },
});

const Game = shape.code<User>({
  create(r, { name, match }) {
    same<Equal<typeof name, string>>();
    same<Equal<typeof match.mode, string>>();
    // @ts-expect-error -- nobody is matched by it
    void match.level;
    r.state.shots.set("a", { x: 1 });
  },
  join(r, seat) {
    same<Equal<typeof seat, Seat<User, { name: string; team: number }>>>();
    same<Equal<typeof r.state.players, Map<string, Player>>>();
    same<Equal<(typeof r.seats extends ReadonlyMap<string, infer S> ? S : never)["user"], User>>();
    const { name } = seat.join;
    r.state.players.set(seat.id, { x: 1, aim: 0, hp: 1, name, mood: "calm", ready: false });
    // @ts-expect-error -- a column is missing
    r.state.players.set(seat.id, { x: 1, aim: 0, hp: 1, name, mood: "calm" });
    // @ts-expect-error -- it is none of the values
    r.state.players.set(seat.id, { x: 1, aim: 0, hp: 1, name, mood: "sad", ready: false });
    // @ts-expect-error -- no such column
    r.state.shots.set("b", { x: 1, y: 1 });
    // @ts-expect-error -- no such table
    void r.state.bombs;
    // @ts-expect-error -- tables are not replaced
    r.state.shots = new Map();
    // @ts-expect-error -- a seat is not changed
    seat.here = false;
  },
  leave(_r, _seat, why) {
    same<Equal<typeof why, "left" | "away" | "kicked">>();
  },
  input(r, seat, input) {
    same<Equal<typeof input, { dx: number; at: number }>>();
    const player = r.state.players.get(seat.id);
    if (player !== undefined) player.x += input.dx * r.dt;
    const seen = r.seen(seat).players.get(seat.id);
    // @ts-expect-error -- the past is not changed
    if (seen !== undefined) seen.x = 1;
    // @ts-expect-error -- nor are rows added to it
    r.seen(seat).players.clear();
  },
  tick(r) {
    r.send("kill", { by: "a" });
    r.send("kill", { by: "a", how: "fell" }, "b");
    // @ts-expect-error -- no such event
    r.send("won", { by: "a" });
    // @ts-expect-error -- of another form
    r.send("kill", { who: "a" });
    r.after("3s", "respawn", "a");
    // @ts-expect-error -- no length of time
    r.after("3 seconds", "respawn");
    same<Equal<ReturnType<typeof r.math.sin>, number>>();
    help(r);
    helpByParameters(r);
  },
  timers: {
    respawn(r, whom: string) {
      r.state.players.delete(whom);
    },
    round(r, arg) {
      same<Equal<typeof arg, unknown>>();
      r.close("over");
    },
  },
  view(state, seat): View {
    const player = state.players.get(seat.id);
    return player === undefined ? "all" : { x: player.x, y: 0, rx: 1, ry: 1 };
  },
  allow({ action, user, match }) {
    same<Equal<typeof action, "join" | "spectate" | "create" | "list">>();
    same<Equal<typeof match, Readonly<Record<"mode" | "map", string>>>>();
    return user.vip;
  },
});

function help(r: RoomOf<typeof shape, User>): void {
  r.state.players.clear();
}

type R = Parameters<NonNullable<Parameters<typeof shape.code>[0]["tick"]>>[0];
function helpByParameters(r: Pick<R, "state" | "send" | "after">): void {
  r.send("kill", { by: "a" });
  r.state.players.clear();
}

// @ts-expect-error -- no such hook
shape.code({ onJoin() {} });
// @ts-expect-error -- no such option
room({ state: {}, tps: 20 });
// @ts-expect-error -- no such way of keeping
room({ state: {}, keep: "everything" });
// @ts-expect-error -- the state is of tables
room({ state: { players: { x: u8 } } });

// A shape without schemas: what comes is unknown.
room({ state: {} }).code({
  join(r, seat) {
    same<Equal<typeof seat, Seat<unknown, unknown>>>();
    // @ts-expect-error -- there are no events
    r.send("kill", {});
  },
  input(_r, _seat, input) {
    same<Equal<typeof input, unknown>>();
  },
});

// For authors of tests.
const run = step(Game, {
  seed: 1,
  seats: { a: { name: "ann" }, b: { name: "bob", team: 2 } },
  match: { mode: "ffa", map: "x" },
});
same<Equal<typeof run.state.players, Map<string, Player>>>();
run.input("a", { dx: 1, at: "7" });
run.join("c", { name: "cy" }, { id: "cy", vip: true });
replay(Game, run.log);
// @ts-expect-error -- of another form
run.input("a", { dx: 1 });
// @ts-expect-error -- of another form
step(Game, { seats: { a: { nick: "ann" } } });
// @ts-expect-error -- nobody is matched by it
step(Game, { match: { level: "1" } });
