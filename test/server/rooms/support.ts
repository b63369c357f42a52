/** A small game on a server without sockets: players that move by inputs. */
import * as z from "zod";
import { fixed, table, text, u16 } from "../../../src/room/columns.js";
import { FrameReader, type Frame } from "../../../src/room/frame-reader.js";
import type { RoomAllowContext } from "../../../src/room/hooks.js";
import { room } from "../../../src/room/shape.js";
import type { RoomNode } from "../../../src/server/kinds/room/room-node.js";
import type { Peer, World } from "../support/engine.js";

export const shape = room({
  rate: 20,
  seats: 3,
  grace: "2s",
  match: ["mode", "map"],
  join: z.object({ name: z.string().min(1).max(16) }),
  input: z.object({ dx: z.number().min(-10).max(10) }),
  events: { moved: z.object({ by: z.string() }) },
  state: {
    players: table({ x: fixed(0, 1000, 1 / 8), moves: u16, name: text(16), mode: text(16) }),
    about: table({ mode: text(16) }),
  },
});

type Parts = NonNullable<(typeof shape)["~parts"]>;
export type Allow = (context: RoomAllowContext<Parts, unknown>) => boolean | Promise<boolean>;

/** Everybody begins at 100, and each input moves by so much; 10 is told to all, and -10 ends the room. */
export function gameOf(allow: Allow = () => true) {
  return shape.code({
    create: (r, { match }) => void r.state.about.set("room", { mode: match.mode }),
    join(r, seat) {
      const mode = r.state.about.get("room")?.mode ?? "";
      r.state.players.set(seat.id, { x: 100, moves: 0, name: seat.join.name, mode });
    },
    leave: (r, seat) => void r.state.players.delete(seat.id),
    input(r, seat, { dx }) {
      const player = r.state.players.get(seat.id);
      if (player === undefined) return;
      player.x += dx;
      player.moves++;
      if (dx === 10) r.send("moved", { by: player.name });
      if (dx === -10) r.close("somebody went too far");
    },
    allow,
  });
}

export const SECRET = "a-secret-of-somebody";

type Fields = Readonly<Record<string, unknown>>;

/** Lets time pass until it is so; throws where that takes more than ten seconds. */
export async function until<T>(world: World, look: () => T | undefined | false): Promise<T> {
  for (let passed = 0; passed <= 10_000; passed += 10) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await world.clock.advance(10);
  }
  throw new Error("it did not happen in ten seconds");
}

let ids = 1;

/** Sends a command, and lets time pass until it is answered. */
export async function ask(world: World, peer: Peer, command: Fields): Promise<Fields> {
  const id = ids++;
  peer.send({ id, ...command });
  const line = await until(world, () =>
    peer.lines.find((one): one is Fields => !Array.isArray(one) && "id" in one && one["id"] === id),
  );
  return "ok" in line ? (line["ok"] as Fields) : { error: line["error"] };
}

/** Whether a message with this event of the room has come. */
export function hasHeard(peer: Peer, name: string): boolean {
  return peer.lines.some(
    (line) => Array.isArray(line) && (line[3] as Fields | undefined)?.["event"] === name,
  );
}

/** Somebody who plays, as far as its client knows. */
export class Playing {
  readonly peer: Peer;
  readonly ok: Fields;
  readonly ch: number;
  reader = new FrameReader(shape.state);
  newest: Frame | undefined;
  readonly #world: World;
  #n = 0;
  #read = 0;

  constructor(world: World, peer: Peer, ok: Fields) {
    this.#world = world;
    this.peer = peer;
    this.ok = ok;
    this.ch = Number(ok["ch"]);
  }

  /** The next input. */
  input(dx: number, seen?: number): void {
    this.peer.send(seen === undefined ? [this.ch, ++this.#n, { dx }] : [this.ch, ++this.#n, { dx }, seen]);
  }

  /** Reads what has come. */
  read(): this {
    for (; this.#read < this.peer.lines.length; this.#read++) {
      const line = this.peer.lines[this.#read];
      // Everything comes anew.
      if (line !== undefined && "event" in line && line["event"] === "gap")
        this.reader = new FrameReader(shape.state);
      if (!Array.isArray(line) || line[0] !== this.ch || !(line[2] instanceof Uint8Array)) continue;
      this.newest = this.reader.read(line[2], Number(line[1]));
    }
    return this;
  }

  /** The rows of players that it sees. */
  get rows(): Fields[] {
    return [...this.read().reader.rows("players").values()];
  }

  /** Waits until it sees itself so. */
  async sees(fields: Fields): Promise<void> {
    await until(this.#world, () => {
      const row: Fields = this.read().reader.rows("players").get(String(this.ok["seat"])) ?? {};
      return Object.entries(fields).every(([name, value]) => row[name] === value);
    });
  }

  eventOf(name: string): Fields | undefined {
    return this.peer.events.find(({ event, ch }) => event === name && ch === this.ch);
  }
}

/** Somebody subscribes to a room, on a connection of its own unless one is given. */
export async function play(
  world: World,
  options: Fields & { readonly token?: string; readonly on?: Peer } = {},
  channel = "arena/1",
): Promise<Playing> {
  const { token, on, ...fields } = options;
  const peer = on ?? (await world.connect(token === undefined ? {} : { token }));
  const secret = token === undefined ? { secret: SECRET } : {};
  const ok = await ask(world, peer, { subscribe: channel, join: { name: "ann" }, ...secret, ...fields });
  return new Playing(world, peer, ok);
}

/** Users are known by their names. */
export const hooks = {
  authenticate: ({ token }: { readonly token: string | undefined }) =>
    token === undefined ? null : { id: token },
};

/** The node's part in rooms. */
export function roomsOf(world: World): RoomNode {
  const { rooms } = world.engine;
  if (rooms === undefined) throw new Error("there are no rooms");
  return rooms;
}

/** How many players of a room have a connection here. */
export function playersHere(world: World, channel = "arena/1"): number {
  const feed = world.engine.node.hub.get(channel)?.feed;
  return feed !== undefined && "players" in feed ? Number(feed.players) : 0;
}

/** The seat as its owner, which is this world's, has it. */
export function seatOf(world: World, seat: unknown, channel = "arena/1"): { here: boolean } | undefined {
  const state = roomsOf(world).rooms.get(channel)?.run.seats.get(String(seat));
  return state && { here: state.shown.here };
}
