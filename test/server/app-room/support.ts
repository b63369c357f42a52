/** Rooms as operators and the application itself see them, in virtual time. */
import { onTestFinished } from "vitest";
import { AppRooms } from "../../../src/server/room/app-rooms.js";
import { RoomHandle } from "../../../src/server/room/room-handle.js";
import { stream } from "../../../src/server/index.js";
import { World, type Peer, type RoomChannel, type WorldOptions } from "../support/engine.js";
import { ask, gameOf, hooks, play, type Playing } from "../rooms/support.js";

export const ROOM = "arena/1";

export interface Operated {
  readonly world: World;
  readonly rooms: AppRooms;
  /** A room as `app.room(…)` gives it. */
  readonly room: (name?: string) => RoomHandle;
  /** What a promise comes to, in as much time as it takes. */
  readonly after: <T>(promise: Promise<T>) => Promise<T>;
  /** Somebody plays. */
  readonly play: (token: string, channel?: string) => Promise<Playing>;
  /** Somebody looks on. */
  readonly look: (channel?: string) => Promise<Peer>;
}

/** A node with operators. */
export function operated(
  channels: Readonly<Record<string, RoomChannel>> = { "arena/:id": gameOf() },
  options: WorldOptions = {},
): Operated {
  const world = new World({ ...channels, "chat/:id": stream() }, { hooks, ...options });
  const { node, rooms: part } = world.engine;
  const rooms = new AppRooms(node, part);
  onTestFinished(() => {
    rooms.shut();
    world.engine.close("the test is over");
  });

  async function after<T>(promise: Promise<T>, most = 30_000): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => {});
    for (let passed = 0; passed < most && !isSettled; passed += 10) await world.clock.advance(10);
    if (!isSettled) throw new Error(`nothing came of it in ${most} ms`);
    return settled;
  }

  return {
    world,
    rooms,
    after,
    room(name = ROOM) {
      const resolved = node.registry.resolve(name);
      if (resolved === undefined) throw new Error(`no pattern matches ${name}`);
      return new RoomHandle(resolved, () => rooms);
    },
    play: (token, channel = ROOM) => play(world, { token, join: { name: token } }, channel),
    async look(channel = ROOM) {
      const peer = await world.connect();
      await ask(world, peer, { subscribe: channel });
      return peer;
    },
  };
}
