/** A game of one player over a slow link, millisecond by millisecond. */
import { seededRandom } from "tidemark/testing";
import type { Random } from "../../../src/protocol/index.js";
import type { Pending } from "../../../src/client/room/inputs.js";
import type { Step } from "../../../src/client/room/predict.js";
import { Scene } from "../../../src/client/room/scene.js";
import { FrameReader } from "../../../src/room/frame-reader.js";
import { Link, type LinkOptions } from "./link.js";
import {
  INTERVAL,
  ModelRoom,
  move,
  player,
  players,
  RATE,
  type Keys,
  type Player,
  type Told,
} from "./model-room.js";

const FRAME_MS = 1000 / 60;
/** After a stall a room makes up for so many ticks; then its ticks come later than they were to. */
const MADE_UP = 5;

export interface GameOptions {
  readonly seed: number;
  readonly ms: number;
  readonly up?: LinkOptions;
  readonly down?: LinkOptions;
  /** What the player's keys are at a time. */
  readonly keys: (now: number, random: Random) => Keys;
  /** Sets up the room and says what it does. */
  readonly room?: (room: ModelRoom, random: Random) => void;
  /** When the room stands still. */
  readonly stalls?: readonly (readonly [from: number, until: number])[];
  readonly predicts?: boolean;
  /** What an input does, on both sides. */
  readonly step?: Step<Player, Keys>;
  /** How much faster the client's clock runs than the room's. */
  readonly drift?: number;
}

/** What was painted, and what was so. Times are milliseconds since the beginning. */
export interface Painted {
  readonly now: number;
  readonly me: Player | undefined;
  readonly others: ReadonlyMap<string, Player>;
  /** The tick that was shown; the newest that had come; where the room was, and where the clock says it was. */
  readonly tick: number;
  readonly newest: number;
  readonly roomTick: number;
  readonly clockTick: number;
  /** The player's newest input, and its keys. */
  readonly input: number;
  readonly keys: Keys;
}

export interface Game {
  readonly painted: readonly Painted[];
  /** What each frame corrected. */
  readonly corrections: readonly { readonly now: number; readonly by: number }[];
  readonly scene: Scene<{ players: typeof players }, Keys>;
  readonly room: ModelRoom;
  /** Milliseconds at which each tick was to be, by the room's schedule when it ran. */
  readonly ticks: readonly number[];
}

export function play(options: GameOptions): Game {
  const { ms, keys, stalls = [], drift = 0, predicts = true, step = move } = options;
  const random = seededRandom(options.seed);
  const room = new ModelRoom("me", step);
  room.players.set("me", player(1000, 1000, { name: "me" }));
  options.room?.(room, random);
  const reader = new FrameReader({ players });
  const scene = new Scene<{ players: typeof players }, Keys>({
    shape: { rate: RATE, state: { players } },
    seat: "me",
    predict: { players: step },
  });
  scene.predicts = predicts;
  const link: LinkOptions = { delay: 0, jitter: 0 };
  const up = new Link<Pending<Keys>>(options.up ?? link, random);
  const down = new Link<Told>(options.down ?? link, random);
  const game = { painted: [] as Painted[], corrections: [] as { now: number; by: number }[], ticks: [0] };
  const ahead = random.float() * 1e6;
  const local = (now: number): number => ahead + now * (1 + drift);
  let due = INTERVAL;
  let paintDue = random.float() * FRAME_MS;
  let input = 0;
  for (let now = 0; now < ms; now++) {
    for (const pending of up.take(now)) room.offer(pending);
    const isStalled = stalls.some(([from, until]) => now >= from && now < until);
    if (!isStalled && now >= due) {
      const late = Math.floor((now - due) / INTERVAL) + 1;
      for (let i = 0; i < Math.min(late, MADE_UP); i++) {
        room.advance();
        game.ticks.push(now);
        down.send(room.frame(), now);
      }
      due = late > MADE_UP ? now + INTERVAL : due + late * INTERVAL;
    }
    for (const { tick, bytes } of down.take(now)) {
      scene.receive(reader.read(bytes, tick), local(now));
      game.corrections.push({ now, by: scene.tables[0]?.prediction?.corrected ?? 0 });
    }
    if (now < paintDue) continue;
    paintDue += FRAME_MS;
    const pressed = keys(now, random);
    for (let i = scene.pace.due(local(now)); i > 0; i--) {
      const added = scene.input(pressed, local(now));
      if (!added) continue;
      up.send(added, now);
      input = added.number;
    }
    const rows = scene.rows(local(now)).players;
    const me = rows.get("me");
    game.painted.push({
      now,
      me: me && { ...me },
      others: new Map([...rows].filter(([key]) => key !== "me").map(([key, row]) => [key, { ...row }])),
      tick: scene.clock.render(local(now)),
      newest: scene.clock.newest,
      roomTick: room.tick + (now - (game.ticks.at(-1) ?? 0)) / INTERVAL,
      clockTick: scene.clock.tick(local(now)),
      input,
      keys: pressed,
    });
  }
  return { ...game, scene, room };
}

/** Keys of somebody who runs about. */
export function runAbout(): GameOptions["keys"] {
  let keys: Keys = { dx: 1, dy: 0, aim: 0 };
  let until = 0;
  return (now, random) => {
    if (now >= until) {
      const one = (): number => Math.floor(random.float() * 3) - 1;
      keys = { dx: one(), dy: one(), aim: random.float() * 6 - 3 };
      until = now + 100 + random.float() * 500;
    }
    return keys;
  };
}

/** The value below which this part of the values are. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Some seeds, new ones each time when asked for, and the number of each in what a failure says. */
export const SEEDS = Array.from({ length: Number(process.env["TIDEMARK_SEEDS"] ?? 4) }, (_, i) => i + 1);
