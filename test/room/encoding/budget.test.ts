import { describe, expect, test } from "vitest";
import { angle, fixed, table, text, u16, type Row } from "../../../src/room/columns.js";
import { FrameReader } from "../../../src/room/frame-reader.js";
import { Frames, type View } from "../../../src/room/frames.js";
import { storesOf } from "../../../src/room/tables.js";
import { randomOf, seeds, type Random } from "./support/random.js";

const STATE = {
  players: table({ x: fixed(0, 1000, 1 / 8), y: fixed(0, 1000, 1 / 8), aim: angle, name: text(12) }),
  teams: table({ score: u16 }),
};
const VIEW: View = { x: 500, y: 500, rx: 400, ry: 400 };

interface Player {
  [column: string]: string | number;
  x: number;
  y: number;
  aim: number;
  name: string;
}

/** A crowd, all of it in view and moving, and one who is told at most so many bytes of it in a tick. */
class Crowd {
  readonly players = new Map<string, Player>();
  readonly teams = new Map([["red", { score: 0 }]]);
  readonly reader = new FrameReader(STATE);
  readonly stores = storesOf(STATE);
  tick = 0;
  readonly #frames = new Frames(this.stores);
  readonly #viewer;
  readonly #random: Random;

  constructor(random: Random, count: number, budget: number | undefined) {
    this.#random = random;
    this.#viewer = this.#frames.viewer(budget === undefined ? {} : { budget });
    for (let i = 0; i < count; i++) this.add(`p${i}`, random.between(200, 800), random.between(200, 800));
  }

  add(key: string, x: number, y: number): void {
    this.players.set(key, { x, y, aim: 0, name: `name of ${key}` });
  }

  /** Moves everybody, and returns how many bytes that is in a frame. */
  step(view: View | undefined = VIEW): number {
    const random = this.#random;
    for (const player of this.players.values()) {
      player.x += random.between(-3, 3);
      player.y += random.between(-3, 3);
      player.aim += 0.1;
    }
    return this.look(view);
  }

  look(view: View | undefined = VIEW): number {
    this.tick++;
    const [players, teams] = this.stores;
    players?.scan(this.players, this.tick);
    teams?.scan(this.teams, this.tick);
    if (view === undefined) return 0;
    const bytes = this.#frames.frameFor(this.#viewer, view);
    if (bytes === undefined) throw new Error("there is a newer tick");
    this.reader.read(bytes, this.tick);
    return bytes.length;
  }

  /** How many ticks ago each row was as the viewer has it. */
  ages(): Map<string, number> {
    const ages = new Map<string, number>();
    for (const [key, row] of this.reader.rows("players")) ages.set(key, this.#ageOf(key, row));
    return ages;
  }

  #ageOf(key: string, row: Row): number {
    for (let back = 0; back <= 32; back++) {
      const then = this.stores[0]?.at(this.tick - back)?.get(key);
      if (then !== undefined && JSON.stringify(then) === JSON.stringify(row)) return back;
    }
    return Number.POSITIVE_INFINITY;
  }
}

describe("a budget of bytes", () => {
  test.each(seeds(3))("seed %d: is kept, and everybody's turn comes", (seed) => {
    const crowd = new Crowd(randomOf(seed), 142, 128);
    crowd.step();
    expect(crowd.reader.rows("players").size).toBe(142);
    for (let i = 0; i < 100; i++) {
      // Heads come on top: four bytes of the frame, and two of each table.
      expect(crowd.step()).toBeLessThanOrEqual(128 + 8);
      if (i > 30) expect(Math.max(...crowd.ages().values())).toBeLessThanOrEqual(32);
    }
  });

  test("who is near is told more often", () => {
    const crowd = new Crowd(randomOf(4), 140, 96);
    crowd.add("near", 505, 495);
    crowd.add("far", 105, 895);
    const sums = { near: 0, far: 0 };
    for (let i = 0; i < 200; i++) {
      const near = crowd.players.get("near");
      const far = crowd.players.get("far");
      if (near === undefined || far === undefined) throw new Error();
      Object.assign(near, { x: 505 + i / 8, y: 495 });
      Object.assign(far, { x: 110 + i / 8, y: 890 });
      crowd.look();
      for (const [key, player] of crowd.players) if (key.startsWith("p")) player.aim += i / 10;
      const ages = crowd.ages();
      if (i < 20) continue;
      sums.near += ages.get("near") ?? 0;
      sums.far += ages.get("far") ?? 0;
    }
    expect(sums.near).toBeLessThan(sums.far);
  });

  test.each(seeds(3))("seed %d: when the world stands still, all of it is told to the end", (seed) => {
    const crowd = new Crowd(randomOf(seed), 60, 40);
    for (let i = 0; i < 50; i++) crowd.step(i % 7 === 0 ? undefined : VIEW);
    for (let i = 0; i < 60; i++) crowd.look();
    expect(Math.max(...crowd.ages().values())).toBe(0);
    expect(crowd.look()).toBe(4);
  });

  test("what was not told for longer than is remembered is told whole", () => {
    const crowd = new Crowd(randomOf(6), 50, 1);
    crowd.step();
    for (let i = 0; i < 200; i++) crowd.step();
    for (let i = 0; i < 60; i++) crowd.look();
    expect(Math.max(...crowd.ages().values())).toBe(0);
  });

  test("rows that come wait for their turn, the nearest first, and one comes in any case", () => {
    const crowd = new Crowd(randomOf(7), 1, 96);
    crowd.look();
    for (let i = 0; i < 30; i++) crowd.add(`n${i}`, 110 + i * 12, 500);
    crowd.look();
    const first = [...crowd.reader.rows("players").keys()].filter((key) => key.startsWith("n"));
    expect(first.length).toBeLessThan(5);
    expect(first).toContain("n25");
    for (let i = 0; i < 30; i++) expect(crowd.look()).toBeLessThanOrEqual(96 + 10);
    expect(crowd.reader.rows("players").size).toBe(31);
  });

  test("a table that takes all it can get leaves the others their part", () => {
    const crowd = new Crowd(randomOf(8), 142, 60);
    crowd.step();
    for (let i = 0; i < 20; i++) {
      crowd.teams.set("red", { score: i });
      crowd.step();
      expect(crowd.reader.rows("teams").get("red")).toEqual({ score: i });
    }
  });
});
