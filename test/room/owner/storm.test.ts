/** Rooms in a storm: whatever goes wrong with nodes and their ways to the broker, in a random order. The seed is in the test's name. */
import { describe, expect, test } from "vitest";
import { between, fork, pick } from "../../../src/testing/sim/fork.js";
import type { Random } from "../../../src/protocol/index.js";
import type { TestNode } from "./support/cluster.js";
import type { Player } from "./support/player.js";
import { sceneOf, type Scene } from "./support/scene.js";

const COUNTER = "counter/1";
const LEDGER = "ledger/1";
const ROOMS = [COUNTER, LEDGER];
const SEATS = ["ann", "ben"];
/** How long it blows, in milliseconds. */
const STORM_MS = 15_000;
/** Longer than it takes where much else runs on the machine. */
const PATIENCE = { timeout: 120_000 };

const seeds = (process.env["ROOM_STORM_SEEDS"] ?? "1-5").split("-").map(Number);
const [first = 1, last = first] = seeds;
const SEEDS = Array.from({ length: last - first + 1 }, (_, i) => first + i);

class Storm {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #loses: boolean;
  readonly #sums = new Map<Player, number>();
  /** The node of the players, which does not die. */
  readonly #home: TestNode;
  #more = 0;

  constructor(scene: Scene, random: Random, loses: boolean) {
    this.#scene = scene;
    this.#random = random;
    this.#loses = loses;
    this.#home = scene.cluster.node(0);
  }

  async blow(players: readonly Player[]): Promise<ReadonlyMap<Player, number>> {
    const random = this.#random;
    const until = this.#scene.now + STORM_MS;
    while (this.#scene.now < until) {
      if (random.float() < 0.25) this.#trouble();
      this.fill();
      for (const player of players) {
        // With more than that, the room drops some.
        if (random.float() > 0.5 || player.unacked > 5) continue;
        player.input(1);
        this.#sums.set(player, (this.#sums.get(player) ?? 0) + 1);
      }
      await this.#scene.advance(between(random, 10, 200));
    }
    return this.#sums;
  }

  /** Each node has other rooms, so that none of them is to blame where one dies (R9). */
  fill(): void {
    for (const { name, mail, rooms } of this.#scene.cluster.nodes) {
      if (rooms.load.rooms > 1) continue;
      const channel = `counter/more ${++this.#more}`;
      mail.post(name, { is: "place", id: channel, channel, match: new Map(), was: undefined });
    }
  }

  #trouble(): void {
    const random = this.#random;
    const { cluster } = this.#scene;
    const node = pick(random, cluster.nodes);
    const { way } = node;
    const ms = between(random, 100, 3000);
    const later = (run: () => void, after = ms): void => void cluster.clock.setTimeout(run, after);
    switch (between(random, 0, this.#loses ? 8 : 7)) {
      case 0:
        node.process.pause();
        return later(() => node.process.resume());
      case 1:
        way.isCut = true;
        return later(() => (way.isCut = !cluster.nodes.includes(node)));
      case 2:
        way.isDeaf = true;
        return later(() => (way.isDeaf = false));
      case 3:
        way.isMute = true;
        return later(() => (way.isMute = false));
      case 4:
        way.late = (command) =>
          command === "change" || command === "renew" || command === "take" ? between(random, 0, 2900) : 0;
        return later(() => (way.late = () => 0));
      case 5:
        way.losesAnswer = () => random.float() < 0.5;
        return later(() => (way.losesAnswer = () => false));
      case 6:
        if (node === this.#home) return;
        cluster.kill(node);
        return later(() => this.#scene.watch(cluster.add()), between(random, 0, 1000));
      case 7:
        // One that drains takes nothing any more, and goes.
        if (node === this.#home) return;
        this.#scene.watch(cluster.add());
        void node.rooms.drain().then(() => cluster.nodes.includes(node) && cluster.kill(node));
        return;
      case 8: {
        const replica = cluster.snapshot();
        return later(() => cluster.failOver(replica), between(random, 10, 700));
      }
    }
  }
}

async function storm(
  seed: number,
  loses: boolean,
): Promise<{ scene: Scene; players: Player[]; sums: ReadonlyMap<Player, number> }> {
  const scene = sceneOf({ nodes: 3, seed });
  const random = fork(seed, "storm");
  const home = scene.cluster.node(0);
  const more = new Storm(scene, random, loses);
  for (let i = 0; i < 2; i++) {
    more.fill();
    await scene.advance(100);
  }
  for (const room of ROOMS) await scene.own(room, pick(random, scene.cluster.nodes));
  const players: Player[] = [];
  for (const room of ROOMS) for (const seat of SEATS) players.push(await scene.joined(home, room, seat));
  const sums = await more.blow(players);
  for (const { process, way } of scene.cluster.nodes) {
    process.resume();
    way.isCut = way.isDeaf = way.isMute = false;
    way.late = () => 0;
    way.losesAnswer = () => false;
  }
  await scene.advance(12_000);
  return { scene, players, sums };
}

/** For whoever looks for the reason. */
function show(scene: Scene, room: string): void {
  const { cluster } = scene;
  console.log(
    room,
    cluster.ownersOf(room).map(({ name }) => name),
    cluster.journal.reignsOf(room).length,
    "reigns",
  );
  for (const { reign, begins, slots } of cluster.journal.of(room))
    if (begins !== undefined || slots.includes("closed"))
      console.log(reign, begins, slots.join(" ").slice(0, 80));
  for (const { name, said } of cluster.nodes)
    for (const { message, fields } of said) console.log(name, message, fields);
}

/** What holds behind every storm. */
function checkCalm(scene: Scene, players: readonly Player[]): void {
  for (const room of ROOMS) {
    if (process.env["ROOM_STORM_LOG"] !== undefined) show(scene, room);
    const owner = scene.cluster.ownerOf(room).rooms.get(room);
    expect([...(owner?.run.seats.keys() ?? [])].sort()).toEqual(SEATS);
    expect(owner?.run.tick).toBeGreaterThan(20);
  }
  for (const player of players) {
    expect(player.unacked).toBe(0);
    expect(player.ticks.length).toBeGreaterThan(50);
    // It follows the owner: what it shows is what there is.
    const now = scene.cluster.clock.monotonic();
    expect(scene.told.some(({ at, signal }) => signal.reign === player.reign && at > now - 500)).toBe(true);
  }
  scene.check(...ROOMS);
}

describe("R5, R6, R14: behind a storm there is one owner, and it was never two", () => {
  test.each(SEEDS)("seed %d", PATIENCE, async (seed) => {
    const { scene, players, sums } = await storm(seed, false);
    checkCalm(scene, players);
    const owner = scene.cluster.ownerOf(LEDGER).rooms.get(LEDGER);
    const coins = owner?.run.state["coins"];
    // R13: nothing that was acknowledged is lost, and nothing is done twice.
    for (const player of players.slice(2))
      expect(coins?.get(player.seat)).toEqual({ n: sums.get(player) ?? 0 });
    const all = [...(coins?.values() ?? [])].map((row) => Number(row["n"]));
    expect(all.reduce((sum, n) => sum + n, 0)).toBe(1000);
  });
});

describe("R8: also where the broker has lost data on the way", () => {
  test.each(SEEDS)("seed %d", PATIENCE, async (seed) => {
    const { scene, players } = await storm(seed, true);
    checkCalm(scene, players);
    const coins = scene.cluster.ownerOf(LEDGER).rooms.get(LEDGER)?.run.state["coins"];
    const all = [...(coins?.values() ?? [])].map((row) => Number(row["n"]));
    expect(all.reduce((sum, n) => sum + n, 0)).toBe(1000);
  });
});
