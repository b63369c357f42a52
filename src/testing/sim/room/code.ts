/** The code of the simulated rooms. It keeps books of all that happens, so that what goes wrong in the run of a room shows in its state. */
import type { RoomDef, RoomOf } from "../../../room/shape.js";
import type { Seat } from "../../../room/hooks.js";
import type { SimInput } from "./schemas.js";
import { COINS, SHAPES, kindOf } from "./shapes.js";

/** What rooms are built on, as their hooks have it; each has that. */
type Kept = RoomOf<typeof SHAPES.count>;
/** Told that a room has come to what its process dies of, and where. */
export type OnDoom = (channel: string, tick: number) => void;

/** The timer is called in so many milliseconds, again and again. */
const BEAT_MS = 700;
/** So many ticks behind an input that makes it ill, a room is the end of its process. */
const ILL_TICKS = 3;
/** The one row of tables with one. */
const ONE = "one";
const PAGES = 40;
const PAGE_LETTERS = 1000;
/** How far players see. */
export const SIGHT = 200;
const PLACES = 1000;

/** The order of inputs as one number, with one more. */
export function printOf(print: number, { k, by }: SimInput): number {
  return (Math.imul(print ^ k, 0x01000193) ^ by) >>> 0;
}

function wrong(r: Kept, what: string): void {
  const { wrong: all } = r.state;
  if (all.size < 4) all.set(`${all.size}`, { what: `tick ${r.tick}: ${what}` });
}

function create(r: Kept): void {
  r.state.coins.set("bank", { n: COINS });
  r.state.clock.set(ONE, { ticks: 0, due: 0, beats: 0, dice: r.random(), ill: 0 });
  windUp(r);
}

/** Sets the timer, and notes when it is due: milliseconds of the room's own time. */
function windUp(r: Kept): void {
  const clock = r.state.clock.get(ONE);
  if (clock !== undefined) clock.due = r.time + BEAT_MS;
  r.after(BEAT_MS, "beat");
}

function beat(r: Kept): void {
  const clock = r.state.clock.get(ONE);
  if (clock === undefined) return wrong(r, "there is no clock");
  clock.beats++;
  if (r.time < clock.due) wrong(r, `the timer of ${clock.due} was called at ${r.time}`);
  windUp(r);
}

function join(r: Kept, { id }: Seat): void {
  if (r.state.books.has(id)) wrong(r, `${id} joins, and is there`);
  r.state.books.set(id, { k: 0, count: 0, sum: 0, print: 0 });
  r.state.coins.set(id, { n: 0 });
}

function leave(r: Kept, { id }: Seat): void {
  const [bank, own] = [r.state.coins.get("bank"), r.state.coins.get(id)];
  if (bank === undefined || own === undefined) return wrong(r, `${id} leaves, and was not there`);
  bank.n += own.n;
  r.state.coins.delete(id);
  r.state.books.delete(id);
}

function input(r: Kept, seat: Seat, made: SimInput): void {
  const [bank, own, book] = [
    r.state.coins.get("bank"),
    r.state.coins.get(seat.id),
    r.state.books.get(seat.id),
  ];
  if (bank === undefined || own === undefined || book === undefined)
    return wrong(r, `an input of ${seat.id}, who is not there`);
  if (made.k <= book.k) wrong(r, `input ${made.k} of ${seat.id} behind ${book.k}`);
  book.k = made.k;
  book.count++;
  book.print = printOf(book.print, made);
  if (bank.n >= made.by && own.n + made.by >= 0) {
    bank.n -= made.by;
    own.n += made.by;
    book.sum += made.by;
  }
  act(r, seat, made);
  checkBooks(r);
}

function act(r: Kept, seat: Seat, made: SimInput): void {
  switch (made.do) {
    case "throw":
      throw new Error("an input that throws");
    case "save":
      return r.checkpoint();
    case "tell": {
      const event = { seat: seat.id, k: made.k, tick: r.tick };
      r.send("said", event);
      return r.send("told", event, seat);
    }
    case "look": {
      const seen = r.seen(seat).clock.get(ONE)?.ticks ?? 0;
      const clock = r.state.clock.get(ONE);
      if (seen >= r.tick) wrong(r, `${seat.id} has seen tick ${seen}`);
      if (clock !== undefined) clock.beats = (Math.imul(clock.beats, 31) + seen) >>> 0;
      return;
    }
    case "ill": {
      const clock = r.state.clock.get(ONE);
      if (clock !== undefined && clock.ill === 0) clock.ill = r.tick + ILL_TICKS;
      return;
    }
    case "move":
  }
}

function checkBooks(r: Kept): void {
  let all = 0;
  for (const { n } of r.state.coins.values()) all += n;
  if (all !== COINS) wrong(r, `there are ${all} coins`);
  for (const id of r.seats.keys()) if (!r.state.books.has(id)) wrong(r, `${id} has a seat and no book`);
}

function tick(r: Kept, isIll: (tick: number) => void): void {
  const clock = r.state.clock.get(ONE);
  if (clock === undefined) return wrong(r, "there is no clock");
  clock.ticks++;
  if (clock.ticks !== r.tick) wrong(r, `its books say ${clock.ticks}`);
  if (r.time > clock.due) wrong(r, `the timer of ${clock.due} was not called`);
  clock.dice = r.random();
  if (clock.ill > 0 && r.tick >= clock.ill) isIll(r.tick);
}

type Moving = RoomOf<typeof SHAPES.field>;

/** Everything goes to the right, and comes in again on the left. */
function move(r: Moving): void {
  for (const thing of r.state.things.values()) {
    if (thing.mine) continue;
    thing.x = (thing.x + 7) % PLACES;
    thing.n = r.tick % 1000;
  }
  // Some come and go.
  const gone = `t${r.tick % 6}`;
  if (r.tick % 9 === 0 && !r.state.things.delete(gone))
    r.state.things.set(gone, { x: r.random() * PLACES, y: r.random() * PLACES, n: 0, mine: false });
}

/**
 * The code of rooms by their channels, for one life of a node.
 *
 * @param onDoom in a room that is ill, called in the tick that is its end
 */
export function codeFor(onDoom: OnDoom): (channel: string) => RoomDef | undefined {
  const known = new Map<string, RoomDef | undefined>();
  return (channel) => {
    if (!known.has(channel)) known.set(channel, codeOf(channel, onDoom));
    return known.get(channel);
  };
}

function codeOf(channel: string, onDoom: OnDoom): RoomDef | undefined {
  const kind = kindOf(channel);
  const isIll = (at: number): void => onDoom(channel, at);
  switch (kind) {
    case undefined:
      return undefined;
    case "fill":
      return SHAPES.fill.code({
        create: (r) => void r.state.clock.set(ONE, { ticks: 0 }),
        tick(r) {
          const clock = r.state.clock.get(ONE);
          if (clock !== undefined) clock.ticks++;
        },
      }).def;
    case "field":
      return SHAPES.field.code({
        create(r) {
          create(r);
          for (let i = 0; i < 8; i++)
            r.state.things.set(`t${i}`, { x: 125 * i, y: r.random() * PLACES, n: 0, mine: false });
        },
        join(r, seat) {
          join(r, seat);
          const at = { x: r.random() * PLACES, y: r.random() * PLACES };
          r.state.things.set(seat.id, { ...at, n: 0, mine: true });
        },
        leave(r, seat) {
          leave(r, seat);
          r.state.things.delete(seat.id);
        },
        input(r, seat, made) {
          input(r, seat, made);
          const own = r.state.things.get(seat.id);
          if (own !== undefined) own.x = Math.min(PLACES, Math.max(0, own.x + 20 * made.by));
        },
        tick(r) {
          tick(r, isIll);
          move(r);
        },
        timers: { beat },
        view(state, { id }) {
          const own = state.things.get(id);
          return own === undefined ? "all" : { x: own.x, y: own.y, rx: SIGHT, ry: SIGHT };
        },
      }).def;
    case "wide":
      return SHAPES.wide.code({
        create(r) {
          create(r);
          for (let i = 0; i < PAGES; i++) r.state.pages.set(`${i}`, { text: "-".repeat(PAGE_LETTERS) });
        },
        join,
        leave,
        input(r, seat, made) {
          input(r, seat, made);
          const text = `${made.k} `.repeat(PAGE_LETTERS / 5).slice(0, PAGE_LETTERS);
          r.state.pages.set(`${made.k % PAGES}`, { text });
        },
        tick: (r) => tick(r, isIll),
        timers: { beat },
      }).def;
    case "sale":
      return SHAPES.sale.code({ create, join, leave, input, timers: { beat } }).def;
    case "count":
    case "bank":
    case "small":
      return SHAPES[kind].code({ create, join, leave, input, tick: (r) => tick(r, isIll), timers: { beat } })
        .def;
  }
}
