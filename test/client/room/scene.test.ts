import { describe, expect, test } from "vitest";
import type { TableChange } from "../../../src/client/room/moving.js";
import { Scene, type SceneFrame, type SceneOptions } from "../../../src/client/room/scene.js";
import { Spawns } from "../../../src/client/room/spawns.js";
import { fixed, table, text, type RowOf } from "../../../src/room/columns.js";
import { INTERVAL, move, player, players, RATE, type Keys, type Player } from "./model-room.js";

const shots = table({ x: fixed(0, 2000, 1 / 8), by: text(8) });
type Shot = RowOf<typeof shots>;
const state = { players, shots };
type State = typeof state;

const RIGHT: Keys = { dx: 1, dy: 0, aim: 0 };
/** How far one input goes. */
const STEP = 8;

type Told = Omit<Partial<SceneFrame>, "tables"> & { readonly players?: Partial<TableChange<Player>> } & {
  readonly shots?: Partial<TableChange<Shot>>;
};

function told(tick: number, { players: some, shots: others, ...more }: Told = {}): SceneFrame {
  const nothing = { leaves: [], enters: new Map(), updates: new Map() };
  const tables = {
    ...(some && { players: { ...nothing, ...some } }),
    ...(others && { shots: { ...nothing, ...others } }),
  };
  return { tick, ack: 0, depth: 0, whole: false, tables, ...more };
}

function one(key: string, x: number): ReadonlyMap<string, Player> {
  return new Map([[key, player(x, 500)]]);
}

/** A scene that was told of these players in tick 1, at 0 ms. */
function begun(options: Partial<SceneOptions<State, Keys>> = {}): Scene<State, Keys> {
  const scene = new Scene<State, Keys>({
    shape: { rate: RATE, state },
    seat: "me",
    predict: { players: move },
    ...options,
  });
  const enters = new Map([...one("me", 100), ...one("bob", 300)]);
  scene.receive(told(1, { whole: true, players: { enters }, ack: (options.lastInput ?? 0) & 0xffff }), 0);
  return scene;
}

function at(tick: number): number {
  return (tick - 1) * INTERVAL;
}

describe("what a player sees", () => {
  test("is its own row ahead and the others behind, in the same objects each time", () => {
    const scene = begun();
    const rows = scene.rows(0);
    const { players: seen } = rows;
    expect([...seen.keys()].sort()).toEqual(["bob", "me"]);
    const [me, bob] = [seen.get("me"), seen.get("bob")];
    for (let tick = 2; tick <= 9; tick++) {
      scene.input(RIGHT, at(tick));
      scene.receive(told(tick, { players: { updates: one("bob", 300 + tick * 4) } }), at(tick));
      expect(scene.rows(at(tick))).toBe(rows);
    }
    scene.rows(at(10));
    expect(rows.players).toBe(seen);
    expect([seen.get("me"), seen.get("bob")]).toEqual([me, bob]);
    expect(seen.get("me")).toBe(me);
    expect(seen.get("bob")).toBe(bob);
    expect(me?.x).toBe(100 + 8 * STEP);
    // Two ticks behind the tenth, which is not there yet.
    expect(bob?.x).toBeCloseTo(300 + 8 * 4, 6);
  });

  test("is the newest tick where nothing is put between, and its row as it is told where nothing is predicted", () => {
    const scene = begun();
    scene.interpolates = false;
    scene.predicts = false;
    scene.input(RIGHT, 0);
    scene.receive(told(2, { players: { updates: one("bob", 310) } }), at(2));
    const { players: seen } = scene.rows(at(2));
    expect(seen.get("bob")?.x).toBe(310);
    expect(seen.get("me")?.x).toBe(100);
    scene.predicts = true;
    expect(scene.rows(at(3)).players.get("me")?.x).toBe(100 + STEP);
  });

  test("R6: is nothing of a frame that is not above the newest tick", () => {
    const scene = begun();
    scene.receive(told(5, { players: { updates: one("bob", 340) } }), at(5));
    scene.receive(told(4, { players: { updates: one("bob", 1) } }), at(5));
    scene.receive(told(5, { players: { updates: one("bob", 1) } }), at(5));
    scene.interpolates = false;
    expect(scene.rows(at(5)).players.get("bob")?.x).toBe(340);
  });

  test("stays through a gap until the next frame, whose ticks may be lower", () => {
    const scene = begun();
    for (let tick = 2; tick <= 20; tick++) {
      scene.input(RIGHT, at(tick));
      scene.receive(told(tick, { ack: Math.max(0, tick - 4) }), at(tick));
    }
    const before = structuredClone([...scene.rows(at(20)).players]);
    scene.reset();
    expect(scene.rows(at(21)).players.size).toBe(2);
    expect([...scene.rows(at(60)).players.keys()]).toEqual(before.map(([key]) => key));
    // The new owner goes on from a checkpoint, which had consumed fewer inputs.
    const enters = new Map([...one("me", 150), ...one("eve", 700)]);
    scene.receive(told(12, { whole: true, ack: 9, players: { enters, leaves: ["bob"] } }), at(60));
    const { players: seen } = scene.rows(at(60) + 400);
    expect([...seen.keys()].sort()).toEqual(["eve", "me"]);
    // Those that were acknowledged before are not done again.
    expect(seen.get("me")?.x).toBe(150 + 3 * STEP);
    expect(scene.clock.newest).toBe(12);
  });

  test("R15: knows by sixteen bits which inputs were consumed", () => {
    const scene = begun({ lastInput: 65_534 });
    for (let i = 0; i < 4; i++) expect(scene.input(RIGHT, 0)?.number).toBe(65_535 + i);
    scene.receive(told(2, { ack: 65_536 & 0xffff }), at(2));
    expect(scene.inputs.pending.map(({ number }) => number)).toEqual([65_537, 65_538]);
  });

  test("has no row of its own for one who only watches", () => {
    const scene = begun({ seat: undefined });
    scene.input(RIGHT, 0);
    expect(scene.rows(1000).players.get("me")?.x).toBe(100);
  });

  test("has its shot at once, and takes it away when the room has none", () => {
    const made = new Spawns<Shot>({ step: (shot, seconds) => (shot.x += 600 * seconds), margin: 200 });
    const scene = begun({ spawns: { shots: made } });
    made.add("me-1", { x: 100, by: "me" }, 0);
    made.add("me-2", { x: 100, by: "me" }, 0);
    expect(scene.rows(0).shots.size).toBe(2);
    const enters = new Map([["me-1", { x: 130, by: "me" }]]);
    scene.receive(told(2, { shots: { enters } }), at(2));
    expect([...scene.rows(201).shots]).toEqual([["me-1", { x: 100 + 600 * 0.201, by: "me" }]]);
    scene.receive(told(3, { shots: { leaves: ["me-1"] } }), 210);
    for (let now = 220; now < 1500; now += 20) expect(scene.rows(now).shots.size).toBe(0);
  });
});
