import { describe, expect, test } from "vitest";
import type { Signal } from "../../../src/broker/index.js";
import type { Row } from "../../../src/room/column.js";
import { room } from "../../../src/room/shape.js";
import { randomOf, seeds, type Random } from "../encoding/support/random.js";
import { Sight, STATE, TABLES, textOf, World } from "../encoding/support/world.js";
import { Nodes, type Playing } from "./support/nodes.js";
import type { Peer } from "./support/peer.js";
import { ScriptedOwner } from "./support/scripted.js";

interface Looker {
  readonly id: string;
  readonly n: number;
}

/** Every fifth player sees everything, the others what is around some row. */
const Wild = room({ seats: 100, state: STATE }).code<Looker>({
  view(state, { user: { n } }) {
    if (n % 5 === 0) return "all";
    const rows = [...state.players.values()];
    const row = rows[n % rows.length];
    return row === undefined ? "all" : { x: row.x, y: row.y, rx: 150 * n, ry: 100 * n };
  },
});

type Seen = Parameters<NonNullable<(typeof Wild.def.hooks)["view"]>>[0];

/** The world as it was in a tick. */
function worldAt(world: World, tick: number): World {
  return Object.assign(Object.create(World.prototype) as World, { tick, scanned: world.scanned });
}

function stateAt(world: World, tick: number): Seen {
  const rowsOf = (name: (typeof TABLES)[number]): [string, Row][] =>
    world.knownAt(tick, name).map(({ key, row }) => [key, row]);
  return Object.fromEntries(TABLES.map((name) => [name, new Map(rowsOf(name))]));
}

/** Compares what somebody sees with the world, frame by frame. */
function compare(peer: Peer, world: World, n: number | undefined): { compared: number } {
  const counts = { compared: 0 };
  const sight = new Sight();
  peer.onFrame = ({ tick, whole }) => {
    const seat = { id: "", user: { id: "", n }, join: null, here: true };
    const view = n === undefined ? "all" : (Wild.def.hooks.view?.(stateAt(world, tick), seat) ?? "all");
    sight.look(worldAt(world, tick), view, whole);
    for (const name of TABLES) {
      const rows = [...sight.rows[name].values()].map(({ key, row }) => [key, row] as const);
      expect(textOf(peer.rows(name))).toBe(textOf(rows));
    }
    counts.compared++;
  };
  return counts;
}

/** Signals that are lost, late, and in another order. */
function disturb(
  random: Random,
): (signals: readonly Signal[], pass: (signals: readonly Signal[]) => void) => void {
  let late: (() => void)[] = [];
  return (signals, pass) => {
    if (random.chance(0.04)) return;
    late.push(() => pass(signals));
    if (random.chance(0.15)) return;
    const due = random.chance(0.3) ? late.toReversed() : late;
    late = [];
    for (const one of due) one();
  };
}

describe("R21, R22, R23: what each player has decoded is its view of the world in the tick that it is at", () => {
  test.each(seeds(3))(
    "whatever is lost or late, however slowly it reads, over reigns (seed %d)",
    async (seed) => {
      const random = randomOf(seed);
      const nodes = new Nodes(Wild, { owners: 0, seed });
      const [there, edge] = [nodes.node(0), nodes.node(1)];
      const world = new World(random, random.pick([5, 40]));
      world.step();
      const owner = new ScriptedOwner(there, world);
      await nodes.wait(owner.reign());
      const place = await nodes.wait(edge.open());
      const playing: Playing[] = [];
      const counts: { compared: number }[] = [];
      const come = async (n: number): Promise<void> => {
        const one = await nodes.wait(edge.play(place, `p${n}`, { user: { id: `p${n}`, n } }));
        playing.push(one);
        counts.push(compare(one.peer, world, n));
      };
      for (let n = 0; n < 6; n++) await come(n);
      const eve = edge.watch(place);
      counts.push(compare(eve, world, undefined));
      edge.between.onSignals = disturb(random);
      for (let i = 0; i < 150; i++) {
        await nodes.wait(owner.tick());
        await nodes.clock.advance(random.chance(0.05) ? 300 : 50);
        for (const { peer } of playing) {
          if (random.chance(0.05)) peer.stick();
          if (random.chance(0.2)) peer.gulp();
          if (random.chance(0.1)) peer.unstick();
        }
        if (random.chance(0.03)) await nodes.wait(owner.reign());
        if (random.chance(0.02)) await come(playing.length);
      }
      for (const { peer } of playing) peer.unstick();
      edge.between.onSignals = (signals, pass) => pass(signals);
      for (let i = 0; i < 10; i++) {
        await nodes.wait(owner.tick());
        await nodes.clock.advance(50);
      }
      expect(nodes.errors).toEqual([]);
      for (const { peer, ends } of playing) expect([peer.tick, ends]).toEqual([world.tick, []]);
      expect(eve.tick).toBe(world.tick);
      // Nothing would be compared by those who see nothing.
      for (const { compared } of counts.slice(0, 6)) expect(compared).toBeGreaterThan(35);
    },
  );
});
