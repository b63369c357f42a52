import { describe, expect, test } from "vitest";
import { Drift } from "../../../src/client/room/drift.js";
import { Inputs } from "../../../src/client/room/inputs.js";
import type { TableChange } from "../../../src/client/room/moving.js";
import { Prediction, type PredictionOptions } from "../../../src/client/room/predict.js";
import { INTERVAL, move, player, players, STILL, type Keys, type Player } from "./model-room.js";

/** How far one input goes. */
const STEP = 8;
const RIGHT: Keys = { dx: 1, dy: 0, aim: 0 };

function enters(row: Player): TableChange<Player> {
  return { leaves: [], enters: new Map([["me", row]]), updates: new Map() };
}

const NOTHING: TableChange<Player> = { leaves: [], enters: new Map(), updates: new Map() };

class Mine {
  readonly inputs = new Inputs<Keys>();
  readonly prediction: Prediction<Player, Keys>;
  #truth = player(100, 100);

  constructor(options: Partial<PredictionOptions<Player, Keys>> = {}) {
    const { inputs } = this;
    const fixed = { table: players, key: "me", step: move, inputs, interval: INTERVAL };
    this.prediction = new Prediction({ ...fixed, ...options });
    this.prediction.receive(enters(this.#truth), 0, true);
  }

  input(keys: Keys, now: number): void {
    if (this.inputs.add(keys, now)) this.prediction.input(now);
  }

  receive(ack: number, update: Partial<Player>, now: number): void {
    this.inputs.acknowledge(ack, 0, now);
    this.#truth = { ...this.#truth, ...update };
    this.prediction.receive({ ...NOTHING, updates: new Map([["me", this.#truth]]) }, now);
  }

  x(now: number): number | undefined {
    return this.prediction.at(now)?.x;
  }
}

describe("a player's own row", () => {
  test("moves with an input at once, and evenly until the next", () => {
    const mine = new Mine();
    mine.input(RIGHT, 1000);
    expect(mine.x(1000)).toBe(100);
    expect(mine.x(1010)).toBeCloseTo(100 + STEP / 5, 9);
    expect(mine.x(1050)).toBe(100 + STEP);
    expect(mine.x(9000)).toBe(100 + STEP);
  });

  test("never jumps, however unevenly inputs come", () => {
    const mine = new Mine();
    let before = 100;
    let most = 0;
    for (let now = 0, due = 0; now < 2000; now += 4) {
      if (now >= due) {
        mine.input(RIGHT, now);
        due = now + (now % 3 === 0 ? 36 : 64);
      }
      mine.inputs.acknowledge(now / 50 - 5, 0, now);
      const x = mine.x(now) ?? 0;
      most = Math.max(most, x - before);
      expect(x).toBeGreaterThanOrEqual(before);
      before = x;
    }
    // Twice as fast as one step an interval, at most.
    expect(most).toBeLessThan(2 * STEP * (4 / INTERVAL));
  });

  test("is the room's row, and the inputs that the room had not seen", () => {
    const mine = new Mine();
    for (let i = 0; i < 5; i++) mine.input(RIGHT, i * INTERVAL);
    mine.receive(2, { x: 100 + 2 * STEP }, 250);
    expect(mine.prediction.corrected).toBe(0);
    expect(mine.x(250)).toBe(100 + 5 * STEP);
    // The room had it elsewhere.
    mine.receive(3, { x: 90, hp: 40 }, 260);
    expect(mine.prediction.corrected).toBe(100 + 3 * STEP - 90);
    expect(mine.x(5000)).toBe(90 + 2 * STEP);
    expect(mine.prediction.at(260)?.hp).toBe(40);
  });

  test("goes to where a correction has it without a jump, within 300 ms", () => {
    const mine = new Mine();
    mine.input(RIGHT, 0);
    expect(mine.x(1000)).toBe(108);
    mine.receive(1, { x: 96 }, 1000);
    expect(mine.prediction.corrected).toBe(12);
    let before = mine.x(1000) ?? 0;
    expect(before).toBeCloseTo(108, 9);
    for (let now = 1004; now <= 1300; now += 4) {
      const x = mine.x(now) ?? 0;
      expect(x).toBeLessThan(before);
      expect(before - x).toBeLessThan(1);
      before = x;
    }
    expect(mine.x(1100)).toBeLessThan(96 + 12 / 5);
    expect(mine.x(1300)).toBe(96);
  });

  test("adds up corrections that come one upon the other", () => {
    const mine = new Mine();
    mine.input(RIGHT, 0);
    mine.receive(1, { x: 98 }, 1000);
    const shown = mine.x(1030) ?? 0;
    expect(shown).toBeGreaterThan(98);
    mine.receive(1, { x: 88 }, 1030);
    expect(mine.x(1030)).toBeCloseTo(shown, 9);
    expect(mine.x(1330)).toBe(88);
  });

  test("goes on evenly when a frame corrects it between two inputs", () => {
    const mine = new Mine();
    mine.input(RIGHT, 0);
    mine.input(RIGHT, 50);
    const before = mine.x(70) ?? 0;
    mine.receive(1, { x: 104 }, 70);
    expect(mine.x(70)).toBeCloseTo(before, 9);
    expect(mine.x(71)).toBeGreaterThan(before);
    expect(mine.x(400)).toBe(112);
  });

  test("jumps where it is more than a bound, which is an eighth of the widest column at first", () => {
    for (const [snap, by] of [
      [undefined, 250],
      [20, 20],
    ] as const) {
      const mine = new Mine(snap === undefined ? {} : { snap });
      mine.input(RIGHT, 0);
      mine.receive(1, { x: 108 + by }, 1000);
      expect(mine.x(1000)).toBeCloseTo(108, 9);
      mine.receive(1, { x: 108 + by + by + 0.125 }, 2000);
      expect(mine.x(2000)).toBe(108 + 2 * by + 0.125);
      expect(mine.prediction.corrected).toBe(by + 0.125);
      // It was put there: that is no sign of anything.
      expect(mine.prediction.drift.class).toBe("matched");
    }
  });

  test("turns back the short way", () => {
    const mine = new Mine();
    mine.input({ ...STILL, aim: 3 }, 0);
    const aim = mine.prediction.at(1000)?.aim ?? 0;
    mine.receive(1, { aim: -3 }, 1000);
    const shown = mine.prediction.at(1030)?.aim ?? 0;
    expect(Math.abs(shown)).toBeGreaterThan(Math.min(3, aim) - 1e-9);
    expect(mine.prediction.at(1300)?.aim).toBeCloseTo(-3, 1);
    // An angle is no distance.
    expect(mine.prediction.corrected).toBe(0);
  });

  test("takes what the step does not change as the room tells it", () => {
    const mine = new Mine();
    mine.input({ dx: 0, dy: 1, aim: 0 }, 0);
    // Somebody was pushed along x, where it has not gone by itself.
    mine.receive(1, { x: 300, y: 108 }, 500);
    expect(mine.prediction.corrected).toBe(0);
    expect(mine.prediction.drift.class).toBe("matched");
    expect(mine.x(800)).toBe(300);
  });

  test("is not there while the room has none, and is where it was put when it comes back", () => {
    const mine = new Mine();
    mine.input(RIGHT, 0);
    mine.prediction.receive({ ...NOTHING, leaves: ["me"] }, 100);
    expect(mine.prediction.at(100)).toBeUndefined();
    mine.input(RIGHT, 150);
    mine.inputs.acknowledge(2, 0, 300);
    mine.prediction.receive(enters(player(700, 700)), 300);
    expect(mine.prediction.at(300)).toEqual(player(700, 700));
    // All there is, and it is not among it.
    mine.prediction.receive(NOTHING, 400, true);
    expect(mine.prediction.at(400)).toBeUndefined();
  });

  test("is the same object each time it is painted", () => {
    const mine = new Mine();
    const row = mine.prediction.at(0);
    for (let i = 1; i < 100; i++) {
      mine.input(RIGHT, i * INTERVAL);
      mine.receive(i - 3, { x: Math.max(100, 100 + (i - 3) * STEP - 1) }, i * INTERVAL + 20);
      expect(mine.prediction.at(i * INTERVAL + 20)).toBe(row);
      expect(mine.prediction.at(i * INTERVAL + 36)).toBe(row);
    }
  });
});

describe("what corrections tell", () => {
  test("is nothing, an accident now and then, or two sides that differ", () => {
    const drift = new Drift();
    for (let i = 0; i < 100; i++) drift.add(0);
    expect(drift.class).toBe("matched");
    drift.add(8);
    for (let i = 0; i < 30; i++) drift.add(0);
    expect(drift.class).toBe("jitter");
    for (let i = 0; i < 200; i++) drift.add(0);
    expect(drift.class).toBe("matched");
    for (let i = 0; i < 6; i++) drift.add(0.125);
    expect(drift.class).toBe("diverging");
    drift.reset();
    expect(drift.class).toBe("matched");
  });
});
