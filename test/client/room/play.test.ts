/** What a player sees over a link of 150 ± 50 ms each way, and what is lost on it now and then. */
import { describe, expect, test } from "vitest";
import { play, quantile, runAbout, SEEDS, type Game, type GameOptions, type Painted } from "./game.js";
import { PHONE } from "./link.js";
import { player, SPEED, STILL, type Keys, type Player } from "./model-room.js";

const LINKS = { up: PHONE, down: PHONE };
const LOSSY = { ...PHONE, loss: 0.02, again: 250 };
const RIGHT: Keys = { dx: 1, dy: 0, aim: 0 };
/** One step, in units. */
const STEP = SPEED / 20;
/** Corrections are settled after so long, in milliseconds. */
const SETTLED = 300;

function distance(a: Player, b: Player): number {
  return Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2);
}

/** How far each painted row is from where the room has it after the same inputs. */
function errors({ painted, room }: Game, from = 1000): { readonly one: Painted; readonly by: number }[] {
  return painted.flatMap((one) => {
    const truth = room.after.get(one.input);
    return one.me && truth && one.now > from ? [{ one, by: distance(one.me, truth) }] : [];
  });
}

/** Stands, runs to the right for a while, and stands again. */
const run: GameOptions["keys"] = (now) => (now >= 3000 && now < 5000 ? RIGHT : STILL);

/** Milliseconds from the first key to the first painted move. */
function answered({ painted }: Game): number {
  const pressed = painted.find(({ keys }) => keys.dx !== 0);
  const moved = painted.find(({ me }) => me && me.x > 1000);
  return (moved?.now ?? Infinity) - (pressed?.now ?? 0);
}

/** A wall that the step knows nothing of. */
const wall: GameOptions["room"] = (room) => {
  room.code = ({ me }) => {
    if (me) me.x = Math.min(me.x, 1100);
  };
};

/** What is wrong with how a collision is shown that only the room knows of. */
function faults(game: Game): string[] {
  const found: string[] = [];
  if (answered(game) > 60) found.push(`moves ${Math.round(answered(game))} ms after the key`);
  const corrected = game.corrections.filter(({ by }) => by > 0);
  const p99 = quantile(
    corrected.map(({ by }) => by),
    0.99,
  );
  if (p99 > 12) found.push(`corrects by ${p99} units`);
  const last = corrected.at(-1)?.now ?? 0;
  const settled = errors(game).filter(({ one }) => one.now > last + SETTLED && one.now > 5400);
  const most = Math.max(...settled.map(({ by }) => by));
  if (most > 0) found.push(`is ${most} units off when it has settled`);
  const free = errors(game).filter(({ one }) => one.now < 3600);
  const off = quantile(
    free.map(({ by }) => by),
    0.99,
  );
  if (off > 12) found.push(`is ${off} units off while nothing is in the way`);
  return found;
}

describe("over a link of 150 ± 50 ms", () => {
  test.each(SEEDS)(
    "R15: own movement shows at once, which it does not without prediction (seed %i)",
    (seed) => {
      expect(answered(play({ seed, ms: 6000, ...LINKS, keys: run }))).toBeLessThanOrEqual(60);
      expect(answered(play({ seed, ms: 6000, ...LINKS, keys: run, predicts: false }))).toBeGreaterThan(300);
    },
  );

  test.each(SEEDS)("nothing is corrected while a player moves freely (seed %i)", (seed) => {
    const game = play({ seed, ms: 30_000, ...LINKS, keys: runAbout(), drift: 2e-4 });
    expect(game.room.dropped).toBe(0);
    for (const { now, by } of game.corrections) expect(by, `seed ${seed} at ${now} ms`).toBe(0);
    // It is on its way from one step to the next.
    for (const { one, by } of errors(game))
      expect(by, `seed ${seed} at ${one.now} ms`).toBeLessThanOrEqual(STEP * 2);
    expect(
      quantile(
        errors(game).map(({ by }) => by),
        0.99,
      ),
    ).toBeLessThanOrEqual(12);
  });

  test.each(SEEDS)(
    "a wall that only the room knows costs a step a frame, and is settled in 300 ms (seed %i)",
    (seed) => {
      const game = play({ seed, ms: 8000, ...LINKS, keys: run, room: wall });
      expect(game.room.me?.x).toBe(1100);
      expect(game.corrections.filter(({ by }) => by > 0).length).toBeGreaterThan(10);
      expect(faults(game), `seed ${seed}`).toEqual([]);
    },
  );

  test.each(SEEDS)("which it would not be without prediction (seed %i)", (seed) => {
    const game = play({ seed, ms: 8000, ...LINKS, keys: run, room: wall, predicts: false });
    expect(faults(game).length, `seed ${seed}`).toBeGreaterThan(0);
  });

  test.each(SEEDS)(
    "a blow that only the room knows is shown within 300 ms of its frame, in no jump (seed %i)",
    (seed) => {
      const room: GameOptions["room"] = (model) => {
        model.code = ({ me, tick }) => {
          if (me && tick === 80) me.y += 12;
        };
      };
      const keys: GameOptions["keys"] = (now) => (now < 500 ? { dx: 0, dy: 1, aim: 0 } : RIGHT);
      const game = play({ seed, ms: 8000, ...LINKS, keys, room });
      const corrected = game.corrections.filter(({ by }) => by > 0);
      expect(corrected.map(({ by }) => by)).toEqual([12]);
      const [{ now: told } = { now: 0 }] = corrected;
      const y = game.painted.findLast(({ now }) => now < told)?.me?.y ?? 0;
      let before = y;
      for (const { now, me } of game.painted) {
        if (!me || now < told) continue;
        if (now >= told + SETTLED) expect(me.y).toBe(y + 12);
        expect(me.y - before).toBeGreaterThanOrEqual(0);
        expect(me.y - before).toBeLessThan(12 / 3);
        before = me.y;
      }
    },
  );
});

describe("when something is lost", () => {
  test.each(SEEDS)("nothing is corrected but what the room has dropped (seed %i)", (seed) => {
    const game = play({ seed, ms: 30_000, up: LOSSY, down: LOSSY, keys: runAbout() });
    const wrong = game.corrections.filter(({ by }) => by > 0);
    expect(wrong.length, `seed ${seed}`).toBeLessThanOrEqual(game.room.dropped);
    expect(game.scene.inputs.pending.length).toBeLessThan(20);
  });

  test.each(SEEDS)(
    "a cut of 5 s stops the player when 32 inputs are under way, and all is well again (seed %i)",
    (seed) => {
      const cuts = [[5000, 10_000]] as const;
      const link = { ...PHONE, cuts };
      const keys: GameOptions["keys"] = (now) =>
        now < 11_500 ? { dx: now % 2000 < 1000 ? 1 : -1, dy: 0, aim: 0 } : STILL;
      const game = play({ seed, ms: 15_000, up: link, down: link, keys });
      const stopped = game.painted.filter(({ now }) => now > 7500 && now < 10_000);
      expect(new Set(stopped.map(({ me }) => me?.x)).size).toBe(1);
      // The oldest of what came at once was too old for the room.
      expect(game.room.dropped).toBeGreaterThan(0);
      const last = game.painted.at(-1);
      expect(last?.me).toEqual(game.room.me);
      const again = game.painted.filter(({ now }) => now > 10_400 && now < 11_400);
      expect(new Set(again.map(({ me }) => me?.x)).size).toBeGreaterThan(again.length / 2);
      for (const { one, by } of errors(game, 11_000))
        expect(by, `seed ${seed} at ${one.now}`).toBeLessThan(STEP * 2);
    },
  );

  test.each(SEEDS)(
    "others move evenly, and stay where they were told last during a cut (seed %i)",
    (seed) => {
      const room: GameOptions["room"] = (model) => {
        model.players.set("bot", player(100, 500));
        model.code = ({ players: all }) => {
          const bot = all.get("bot");
          if (bot) bot.x += 4;
        };
      };
      const down = { ...PHONE, cuts: [[8000, 10_000]] as const };
      const game = play({ seed, ms: 14_000, up: PHONE, down, keys: runAbout(), room });
      let before: Painted | undefined;
      for (const one of game.painted) {
        const bot = one.others.get("bot");
        const old = before?.others.get("bot");
        before = one;
        if (!bot || !old || one.now < 2000) continue;
        expect(bot.x).toBeGreaterThanOrEqual(old.x);
        // Where the newest tick is not exceeded, it is where the room had it.
        if (one.tick <= one.newest) expect(bot.x).toBeCloseTo(100 + 4 * one.tick, 6);
        // A sixtieth of a second is a third of a tick, and at most a quarter more.
        if (one.now < 8000 || one.now > 11_000) expect(bot.x - old.x).toBeLessThan((4 / 3) * 1.25 + 0.1);
      }
    },
  );
});

test("a step that is not exact is corrected by no more than its rounding", () => {
  const bare = (row: Player, { dx, dy, aim }: Keys, seconds: number): void => {
    row.x += dx * 157.3 * seconds;
    row.y += dy * 157.3 * seconds;
    row.aim = aim;
  };
  const game = play({ seed: 1, ms: 30_000, ...LINKS, keys: runAbout(), step: bare });
  expect(Math.max(...game.corrections.map(({ by }) => by))).toBeLessThanOrEqual(0.25);
});
