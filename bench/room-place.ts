/**
 * npm run bench:room-place -- --rounds 5 --ticks 200
 *
 * What a room costs the node that its players are connected to, without their sockets: a tick is decoded and taken into the tables, views are
 * asked for, frames are cut and made chunks of, and inputs of all players are looked at and sent on. Processor time a tick, at 20 ticks
 * a second.
 */
import { angle, fixed, table, text, u16, u8 } from "../src/room/columns.js";
import { room, type RoomDef } from "../src/room/shape.js";
import { storesOf, type Stores } from "../src/room/tables.js";
import { encodeKeyframe, encodeTick } from "../src/room/ticks.js";
import { Subscriber } from "../src/server/delivery/audience.js";
import { Budget, DEFAULT_BUDGET } from "../src/server/delivery/budget.js";
import type { Chunk } from "../src/server/delivery/chunk.js";
import { Flusher } from "../src/server/delivery/flusher.js";
import { Outgoing } from "../src/server/delivery/outgoing.js";
import { encodeReign, REIGN } from "../src/server/kinds/room/owner/room-log.js";
import type { Batch, LetterItem } from "../src/server/kinds/room/messages.js";
import type { Player } from "../src/server/kinds/room/replica/player.js";
import { RoomPlace } from "../src/server/kinds/room/replica/room-place.js";
import { encodeSignal, type ShownSeat } from "../src/server/kinds/room/tick-message.js";
import { numberOptions } from "./lib/options.js";
import { median } from "./lib/statistics.js";

const RATE = 20;
const WORLD = 2000;
const CHANNEL = "arena/1";
const NAME = "aaaaaaaa";
const place = { x: fixed(0, WORLD, 1 / 8), y: fixed(0, WORLD, 1 / 8) };
const shape = room({
  seats: 1000,
  state: { players: table({ ...place, aim: angle, hp: u8, score: u16, kind: u8, name: text(16) }) },
});
const Views = shape.code({
  view(state, { id }) {
    const row = state.players.get(id);
    return row === undefined ? "all" : { x: row.x, y: row.y, rx: 400, ry: 300 };
  },
});
const Whole = shape.code({});

interface Row {
  [column: string]: number | string;
  x: number;
  y: number;
  aim: number;
}

/** Numbers that are the same in each run. */
let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return seed / 2 ** 32;
}

function move(rows: ReadonlyMap<string, Row>): void {
  for (const row of rows.values()) {
    if (random() < 0.05) row.aim = random() * 6;
    row.x = Math.min(WORLD, Math.max(0, row.x + Math.cos(row.aim) * 8));
    row.y = Math.min(WORLD, Math.max(0, row.y + Math.sin(row.aim) * 8));
  }
}

/** A turn of the event loop when it is wanted. */
class Turns {
  now = 0;
  #due: (() => void)[] = [];

  readonly clock = {
    now: (): number => this.now,
    monotonic: (): number => this.now,
    setTimeout: (): undefined => undefined,
    clearTimeout: (): void => {},
    setImmediate: (run: () => void): void => void this.#due.push(run),
  };

  async settle(): Promise<void> {
    do {
      const due = this.#due;
      this.#due = [];
      for (const run of due) run();
      // Promises that are settled by now have gone on behind this.
      await Promise.resolve();
    } while (this.#due.length > 0);
  }
}

interface Scene {
  readonly turns: Turns;
  readonly at: RoomPlace;
  readonly players: readonly Player[];
  readonly tick: (tick: number) => void;
  readonly sent: { bytes: number; inputs: number };
}

async function open(def: RoomDef, count: number): Promise<Scene> {
  const rows = new Map<string, Row>();
  const seats: ShownSeat[] = [];
  for (let i = 0; i < 300; i++) {
    rows.set(`p${i}`, {
      x: random() * WORLD,
      y: random() * WORLD,
      aim: random() * 6,
      hp: 100,
      score: 0,
      kind: i % 5,
      name: `p ${i}`,
    });
    if (i < count) seats.push({ id: `p${i}`, user: { id: `u${i}` }, join: null, here: true });
  }
  const stores = storesOf(shape.state);
  stores[0]?.scan(rows, 0);
  const turns = new Turns();
  const fail = (error: unknown): never => {
    throw error;
  };
  const flusher = new Flusher(turns.clock, fail);
  const sent = { bytes: 0, inputs: 0 };
  const answers: LetterItem[] = [];
  const at: RoomPlace = new RoomPlace(
    { channel: CHANNEL, ch: 7, def, match: new Map() },
    {
      broker: { readSlots: () => Promise.resolve(page()) },
      clock: turns.clock,
      random: { id: () => "bench" },
      mail: {
        post: (_node, item) => {
          if (item.is !== "batch") return;
          sent.inputs += item.inputs.length;
          answers.push(...answersTo(item, stores, seats));
        },
      },
      rooms: { place: () => new Promise(() => {}) },
      collect: (flush) => flusher.collect(flush),
      onError: fail,
    },
  );
  await at.open();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      await turns.settle();
      for (const item of answers.splice(0)) at.onItem(item, "n0");
    }
  };
  const joining = seats.map(({ id, user }) =>
    at.join({ seat: id, client: id, user, join: null, onEnd: fail }),
  );
  await settle();
  const players = await Promise.all(joining);
  for (const player of players) player.begin(subscriber(flusher, sent));
  await settle();
  let last = 0;
  const tick = (next: number): void => {
    move(rows);
    stores[0]?.scan(rows, next);
    const acks = seats.map(({ id }) => ({ seat: id, last: next - 1, depth: 1 }));
    const data = encodeSignal({
      is: "tick",
      reign: NAME,
      prev: last,
      tick: next,
      acks,
      came: [],
      went: [],
      here: [],
      sends: [],
      skipped: 0,
      closed: undefined,
      change: encodeTick(stores, last, next),
    });
    last = next;
    at.onSignals([{ slot: "room", data }]);
  };
  return { turns, at, players, tick, sent };
}

function page() {
  const data = encodeReign({
    name: NAME,
    n: 1,
    node: "n0",
    tick: 0,
    short: 0,
    alone: false,
    released: false,
    next: undefined,
    epoch: "E1",
  });
  const entries = [{ offset: 1, prev: 0, changes: [{ slot: REIGN, data }] }];
  return { entries, floor: 0, head: 1, epochs: [{ epoch: "E1", base: 0 }] };
}

function answersTo({ requests }: Batch, stores: Stores, seats: readonly ShownSeat[]): LetterItem[] {
  return requests.map(({ id, ask }) =>
    ask.is === "keyframe"
      ? {
          is: "keyframe",
          channel: CHANNEL,
          id,
          reign: NAME,
          tick: 0,
          seats,
          acks: [],
          bytes: encodeKeyframe(stores, 0),
        }
      : { is: "answer", channel: CHANNEL, id, code: "ok", last: 0, reason: undefined },
  );
}

/** Whoever takes everything at once. */
function subscriber(flusher: Flusher, sent: { bytes: number }): Subscriber {
  const take = (chunk: Chunk): void => void (sent.bytes += chunk.toBinary().length);
  const sink = {
    unsent: 0,
    write: (chunks: readonly Chunk[]): void => chunks.forEach(take),
    writeShared: take,
    whenDrained: (): void => {},
  };
  const out = new Outgoing(sink, flusher, new Budget(DEFAULT_BUDGET), {
    abandon: (error) => {
      throw error;
    },
  });
  return new Subscriber(out, { epoch: NAME, offset: 0 }, true);
}

interface Measured {
  readonly ms: number;
  readonly bytes: number;
}

async function measure(def: RoomDef, count: number, ticks: number, hasInputs: boolean): Promise<Measured> {
  const { turns, players, tick, sent } = await open(def, count);
  const warm = Math.ceil(ticks / 4);
  let start = process.cpuUsage();
  for (let next = 1; next <= warm + ticks; next++) {
    if (next === warm + 1) {
      sent.bytes = 0;
      start = process.cpuUsage();
    }
    turns.now += 1000 / RATE;
    if (hasInputs)
      for (const player of players) player.input(next, { dx: 1, dy: 0, aim: 0.5, shoot: false }, next - 1);
    await turns.settle();
    tick(next);
    await turns.settle();
  }
  const { user, system } = process.cpuUsage(start);
  return { ms: (user + system) / 1000 / ticks, bytes: (sent.bytes / ticks / Math.max(1, count)) * RATE };
}

const { rounds, ticks } = numberOptions({ rounds: 3, ticks: 200 });
for (const [name, { def }, count, hasInputs] of [
  ["nobody: the tick alone", Views, 0, false],
  ["views", Views, 300, false],
  ["views, with inputs", Views, 300, true],
  ["views, 50 players with inputs", Views, 50, true],
  ["no view", Whole, 300, false],
  ["no view, with inputs", Whole, 300, true],
] as const) {
  const results: Measured[] = [];
  for (let round = 0; round < rounds; round++) results.push(await measure(def, count, ticks, hasInputs));
  const ms = median(results.map((one) => one.ms));
  console.log(
    `${name.padEnd(32)} ${ms.toFixed(3)} ms a tick, ${Math.round(median(results.map((one) => one.bytes)))} bytes a second and player`,
  );
}
