/** The rooms of the simulated application: what is in them. */
import { bool, f64, fixed, i32, table, text, u16, u32 } from "../../../room/columns.js";
import { room, type ShapeData } from "../../../room/shape.js";
import { EVENT, INPUT } from "./schemas.js";

const place = { x: fixed(0, 1000, 1 / 8), y: fixed(0, 1000, 1 / 8) };

/** What each room keeps books in. */
const books = {
  /** By seat: the number of the last input, how many there were, the sum of what they said, and their order as one number. */
  books: table({ k: u32, count: u32, sum: i32, print: u32 }),
  /** By seat, and the bank's. There are always {@link COINS} in all. */
  coins: table({ n: i32 }),
  /** One row: how many ticks there were, when the timer is due and how often it was called, the newest random number. */
  clock: table({ ticks: u32, due: f64, beats: u32, dice: f64, ill: u32 }),
  /** What must not be. */
  wrong: table({ what: text(120) }),
};

export const COINS = 1000;

/** `told`: to one of them. */
const common = { seats: 16, grace: "60s", input: INPUT, events: { said: EVENT, told: EVENT } } as const;

/** With checkpoints. */
const count = room({ ...common, rate: 10, checkpoint: "1s", state: books });
/** The same, in which players move and see a part of it, and their seats are free soon after they are gone. */
const field = room({
  ...common,
  rate: 20,
  grace: "2s",
  checkpoint: "700ms",
  state: { ...books, things: table({ ...place, n: u16, mine: bool }) },
});
/** With all inputs. */
const bank = room({
  ...common,
  rate: 10,
  keep: "inputs",
  checkpoint: "1s",
  inputsFor: "3s",
  state: books,
});
/** The same without ticks. */
const sale = room({ ...common, rate: 0, keep: "inputs", checkpoint: "2s", state: books });
/** With fewer seats than there are players. */
const small = room({ ...common, rate: 10, seats: 2, grace: "1s", checkpoint: "1s", state: books });
/** So much that a frame goes in parts. */
const wide = room({
  ...common,
  rate: 5,
  checkpoint: "1s",
  state: { ...books, pages: table({ text: text(1024) }) },
});
/** Of which every node has some, so that no room is alone there. */
const fill = room({ rate: 1, checkpoint: "4s", state: { clock: table({ ticks: u32 }) } });

export const SHAPES = { count, field, bank, sale, small, wide, fill } as const;
export type RoomKindName = keyof typeof SHAPES;

/** Those that are played in. */
export const PLAYED: readonly Exclude<RoomKindName, "fill">[] = [
  "count",
  "field",
  "bank",
  "sale",
  "small",
  "wide",
];

/** What kind of room a channel is; `undefined`: none. */
export function kindOf(channel: string): RoomKindName | undefined {
  const [kind = ""] = channel.split("/");
  return Object.hasOwn(SHAPES, kind) ? (kind as RoomKindName) : undefined;
}

/** @throws {TypeError} for another channel */
export function shapeOf(channel: string): ShapeData {
  const kind = kindOf(channel);
  if (kind === undefined) throw new TypeError(`${channel} is no room`);
  return SHAPES[kind];
}

/** Whether nothing that was shown is ever taken back there. */
export function keepsInputs(channel: string): boolean {
  return shapeOf(channel).keep === "inputs";
}
