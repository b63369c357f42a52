/** A room in which anything may happen, and random programs of what enters it. */
import {
  angle,
  f32,
  f64,
  fixed,
  i16,
  oneOf,
  optional,
  table,
  text,
  u32,
  u8,
} from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import type { Entering } from "../../../src/server/kinds/room/run/entering.js";
import { seededRandom } from "../../../src/testing/seeded-random.js";

const things = table({
  x: fixed(-100, 100, 1 / 8),
  y: fixed(-100, 100, 0.1),
  spin: angle,
  hp: u8,
  name: text(12),
  mood: oneOf("calm", "angry", "gone"),
  note: optional(text(8)),
  score: optional(i16),
  exact: f64,
  rough: f32,
});

export const chaos = room({
  rate: 20,
  seats: 4,
  grace: 300,
  idle: "repeat",
  state: { things, marks: table({ n: u32 }), nothing: table({ n: u8 }) },
});

/** What an input asks for, and with which number. */
type Order = readonly [does: string, n: number];

export const Chaos = chaos.code({
  create(r) {
    r.state.things.set("first", newThing(r.random));
    r.after("1s", "tock", { every: 20 });
  },
  join(r, { id }) {
    r.state.things.set(id, newThing(r.random));
    if (r.random() < 0.1) throw new Error("not now");
  },
  leave(r, { id }, why) {
    r.state.things.delete(id);
    if (why === "kicked") r.after(r.random() * 1000, "tock", { every: 0 });
  },
  input(r, seat, order) {
    const [does, n] = order as Order;
    const thing = r.state.things.get(seat.id);
    switch (does) {
      case "move":
        if (thing === undefined) return;
        thing.x += n * r.math.cos(thing.spin);
        thing.y += n * r.math.sin(thing.spin);
        thing.spin += r.random();
        thing.exact += r.random() / 3;
        thing.rough = thing.exact * 1e9;
        return;
      case "spawn":
        r.state.things.set(`t${n}`, newThing(r.random));
        return;
      case "drop":
        r.state.things.delete([...r.state.things.keys()][Math.floor(r.random() * r.state.things.size)] ?? "");
        return;
      case "again": {
        // The same key, at the end of the order.
        const [key, row] = [...r.state.things][n % Math.max(1, r.state.things.size)] ?? [];
        if (key === undefined || row === undefined) return;
        r.state.things.delete(key);
        r.state.things.set(key, { ...row, note: n % 2 === 0 ? undefined : `n${n}`, score: -n });
        return;
      }
      case "wait":
        r.after(n * 10, "tock", { every: n % 3 });
        return;
      case "look": {
        let sum = 0;
        for (const [key, row] of r.seen(seat).things) sum = (sum * 31 + key.length + Math.abs(row.x)) % 1000;
        r.state.marks.set(seat.id, { n: sum });
        return;
      }
      case "throw":
        r.state.things.clear();
        throw new Error("as told");
      default:
        r.state.marks.set(does, { n });
    }
  },
  tick(r) {
    for (const [key, thing] of r.state.things) {
      thing.hp -= 1;
      thing.mood = thing.hp < 100 ? "angry" : "calm";
      if (thing.hp === 0) r.state.things.delete(key);
    }
    if (r.tick % 37 === 0) throw new Error("every now and then");
  },
  timers: {
    tock(r, { every }: { every: number }) {
      r.state.marks.set(`tock ${r.tick % 5}`, { n: Math.floor(r.random() * 1e9) });
      if (every > 0) r.after(every * 50, "tock", { every });
    },
  },
});

function newThing(random: () => number) {
  return {
    x: random() * 250 - 125,
    y: random() * 200 - 100,
    spin: random() * 10,
    hp: random() * 300,
    name: "näme".repeat(Math.floor(random() * 4)),
    mood: "calm" as const,
    exact: random(),
    rough: random(),
  };
}

const SEATS = ["a", "b", "c", "d", "e", "f"];
const ORDERS = ["move", "move", "move", "spawn", "drop", "again", "wait", "look", "look", "throw", "mark"];

/** What enters in each of so many ticks. */
export function programOf(seed: number, ticks: number): Entering[][] {
  const random = seededRandom(seed);
  const int = (end: number): number => Math.floor(random.float() * end);
  const numbers = new Map<string, number>();
  const one = (tick: number): Entering => {
    const seat = SEATS[int(SEATS.length)] ?? "a";
    switch (int(12)) {
      case 0:
        numbers.set(seat, 0);
        return { is: "join", seat, user: { id: seat, at: tick }, join: { name: seat } };
      case 1:
        if (int(3) > 0) return { is: "away", seat };
        return { is: "leave", seat, why: int(2) === 0 ? "left" : "kicked" };
      case 2:
        return { is: "here", seat, ...(int(4) === 0 && { from: (numbers.get(seat) ?? 0) + 1 }) };
      case 3:
        return { is: "seen", seat, tick: Math.max(0, tick - int(40)) };
      case 4:
        return { is: "reserve", seat, ms: int(500) };
      default: {
        // Now and then a number comes twice, or is left out.
        const n = Math.max(1, (numbers.get(seat) ?? 0) + 1 + (int(8) === 0 ? int(3) - 1 : 0));
        numbers.set(seat, n);
        const order: Order = [ORDERS[int(ORDERS.length)] ?? "mark", int(50)];
        return {
          is: "input",
          seat,
          n,
          input: order,
          ...(int(2) === 0 && { seen: Math.max(0, tick - int(40)) }),
        };
      }
    }
  };
  return Array.from({ length: ticks }, (_, tick) => Array.from({ length: int(6) }, () => one(tick + 1)));
}
