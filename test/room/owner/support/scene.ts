/** A cluster with players in it. */
import { expect, onTestFinished } from "vitest";
import type { RoomSignal, TickMessage } from "../../../../src/server/kinds/room/tick-message.js";
import { Cluster, type ClusterOptions, type TestNode } from "./cluster.js";
import { Player } from "./player.js";
import { define } from "./rooms.js";

/** Something that a node told its own players, and when. */
export interface ToldAt {
  readonly node: string;
  readonly at: number;
  readonly channel: string;
  readonly signal: RoomSignal;
}

export class Scene {
  readonly cluster: Cluster;
  readonly players: Player[] = [];
  /** What all owners have told. */
  readonly told: ToldAt[] = [];

  constructor(options: Partial<ClusterOptions> = {}) {
    this.cluster = new Cluster({ define, ...options });
    for (const node of this.cluster.nodes) this.watch(node);
  }

  watch({ name, rooms }: TestNode): void {
    const { clock } = this.cluster;
    rooms.watch((channel, signal) => this.told.push({ node: name, at: clock.monotonic(), channel, signal }));
  }

  get now(): number {
    return this.cluster.clock.monotonic();
  }

  advance(ms: number): Promise<void> {
    return this.cluster.clock.advance(ms);
  }

  /** Lets time pass until it is settled. */
  async until<T>(promise: Promise<T>, most = 20_000): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => {});
    for (let passed = 0; passed < most && !isSettled; passed += 5) await this.advance(5);
    if (!isSettled) throw new Error(`nothing came of it in ${most} ms`);
    return settled;
  }

  /** Lets time pass until it is so. */
  async untilSo(isSo: () => boolean, most = 20_000): Promise<void> {
    for (let passed = 0; passed < most; passed += 5) {
      if (isSo()) return;
      await this.advance(5);
    }
    throw new Error(`it was not so in ${most} ms`);
  }

  /** A room with this owner. */
  async own(channel: string, node: TestNode = this.cluster.node(0)): Promise<void> {
    await this.cluster.journal.follow(channel);
    node.mail.post(node.name, { is: "place", id: "first", channel, match: new Map(), was: undefined });
    await this.untilSo(() => node.rooms.get(channel)?.reign !== undefined);
  }

  /** Somebody who plays. */
  async player(node: TestNode, channel: string, seat: string): Promise<Player> {
    const def = define(channel);
    if (def === undefined) throw new Error(`there is no code of ${channel}`);
    const player = new Player(node, channel, seat, def);
    this.players.push(player);
    await this.until(player.follow());
    return player;
  }

  /** Somebody who is in. */
  async joined(node: TestNode, channel: string, seat: string): Promise<Player> {
    const player = await this.player(node, channel, seat);
    expect((await this.until(player.join())).code).toBe("ok");
    return player;
  }

  ticksTold(
    channel: string,
    node?: string,
  ): (TickMessage & { readonly at: number; readonly node: string })[] {
    return this.told.flatMap(({ signal, at, node: by, channel: of }) =>
      signal.is === "tick" && of === channel && (node === undefined || node === by)
        ? [{ ...signal, at, node: by }]
        : [],
    );
  }

  /** What must be so of any scene. */
  check(...channels: readonly string[]): void {
    for (const channel of channels) expect(this.cluster.journal.faultsOf(channel)).toEqual([]);
    for (const player of this.players) expect(player.faults()).toEqual([]);
    expect(this.cluster.thrown).toEqual([]);
  }
}

/** A scene that ends with its test. */
export function sceneOf(options: Partial<ClusterOptions> = {}): Scene {
  const scene = new Scene(options);
  onTestFinished(() => {
    for (const player of scene.players) player.stop();
    for (const { rooms, mail } of scene.cluster.nodes) {
      rooms.close();
      mail.close();
    }
  });
  return scene;
}
