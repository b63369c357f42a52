/** The rooms that nodes own now, a page of them at a time: what each node says of its own, and of those who look on there. */
import type { PageOfNames } from "../inspection/count.js";
import type { RoomPlaces } from "../kinds/room/replica/room-places.js";
import type { Rooms } from "../kinds/room/owner/rooms.js";

/** A room that a server runs. */
export interface RoomCount {
  /** The channel's full name. */
  readonly channel: string;
  /** The server that runs it. */
  readonly node: string;
  /** The name of its reign, and how many owners there have been. */
  readonly reign: string;
  readonly n: number;
  /** The newest tick. */
  readonly tick: number;
  /** Ticks a second; 0: there are none. */
  readonly rate: number;
  /** Seats that are taken, and how many of these have a connection. */
  readonly players: number;
  readonly here: number;
  /** Connections that look on without a seat. */
  readonly spectators: number;
  /** Milliseconds that a tick takes, of the newest ones. */
  readonly tickTime: number;
  /** How many ticks of its owner began when the next one was due already, or were left out. */
  readonly ticksLate: number;
}

/** What one node has of a room. */
interface Part {
  readonly channel: string;
  /** Where the node runs it. */
  readonly owned?: Omit<RoomCount, "channel" | "spectators"> | undefined;
  readonly spectators: number;
}

/** What one node has of a page. */
export interface RoomParts {
  /** In the order of their names. */
  readonly parts: readonly Part[];
  /** Whether there are more behind them. */
  readonly more: boolean;
}

/** A node's part in rooms, as far as it is counted. */
export interface RoomsHere {
  readonly rooms: Pick<Rooms, typeof Symbol.iterator>;
  readonly places: Pick<RoomPlaces, typeof Symbol.iterator>;
}

/** What this node, whose name is `node`, has of a page. */
export function countRooms(
  node: string,
  here: RoomsHere | undefined,
  { prefix, after, limit }: PageOfNames,
): RoomParts {
  const found = new Map<string, Part>();
  const isWanted = (channel: string): boolean => channel > after && channel.startsWith(prefix);
  for (const { channel, spectators } of here?.places ?? [])
    if (spectators > 0 && isWanted(channel)) found.set(channel, { channel, spectators });
  for (const { channel, reign, record, run, meter } of here?.rooms ?? []) {
    // One that stands still may be another node's by now.
    if (reign === undefined || record === undefined || !isWanted(channel)) continue;
    let connected = 0;
    for (const { shown } of run.seats.values()) if (shown.here) connected++;
    const owned = {
      node,
      reign,
      n: record.n,
      tick: run.tick,
      rate: run.settings.rate,
      players: run.seats.size,
      here: connected,
      tickTime: meter.tickTime,
      ticksLate: meter.late,
    };
    found.set(channel, { channel, owned, spectators: found.get(channel)?.spectators ?? 0 });
  }
  const parts = [...found.values()].sort(byName);
  return { parts: parts.slice(0, limit), more: parts.length > limit };
}

/** A page of what all nodes have, out of what each of them has of it. */
export function addUpRooms(
  answers: Iterable<RoomParts>,
  { limit }: PageOfNames,
): { readonly rooms: readonly RoomCount[]; readonly next: string | undefined } {
  const sums = new Map<string, Part>();
  let more = false;
  for (const answer of answers) {
    more ||= answer.more;
    for (const part of answer.parts) sums.set(part.channel, sumOf(sums.get(part.channel), part));
  }
  const all = [...sums.values()].sort(byName);
  // Each node has cut its list by name: up to here the sums are whole.
  const page = all.slice(0, limit);
  const rooms = page.flatMap(({ channel, owned, spectators }) =>
    owned === undefined ? [] : [{ channel, ...owned, spectators }],
  );
  return { rooms, next: more || all.length > limit ? page.at(-1)?.channel : undefined };
}

/** Of two nodes that both think a room theirs the one with the later reign has it. */
function sumOf(sum: Part | undefined, { channel, owned, spectators }: Part): Part {
  if (sum === undefined) return { channel, owned, spectators };
  const isLater = owned !== undefined && (sum.owned === undefined || owned.n > sum.owned.n);
  return { channel, owned: isLater ? owned : sum.owned, spectators: sum.spectators + spectators };
}

/** In an order that is the same on all nodes, wherever they are. */
function byName(a: Part, b: Part): number {
  return a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : 0;
}
