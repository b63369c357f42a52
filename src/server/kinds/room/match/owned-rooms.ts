/** The listed rooms that this node owns, as they are to be told of. */
import type { Clock } from "../../../../protocol/index.js";
import type { Owner } from "../owner/owner.js";
import type { Rooms } from "../owner/rooms.js";
import { listOf } from "./room-names.js";
import { HELD_MS, type RoomReport } from "./said.js";

export interface OwnedRoomsDeps {
  readonly clock: Pick<Clock, "monotonic">;
  readonly rooms: Pick<Rooms, "owned" | "get" | "watch">;
  /** A listed room has ended for good. */
  readonly onClosed: (list: string, id: string) => void;
}

export class OwnedRooms {
  readonly #deps: OwnedRoomsDeps;
  readonly #stop: () => void;
  /** By channel: its seats, and when each was seen first. */
  #seats = new Map<string, ReadonlyMap<string, number>>();

  constructor(deps: OwnedRoomsDeps) {
    const { rooms } = deps;
    this.#deps = deps;
    this.#stop = rooms.watch((channel, signal) => {
      // Hot: once a tick of each room.
      if (signal.is === "tick" && signal.closed !== undefined) this.#closed(channel);
    });
  }

  /** All of them, by the channel of their list. To be called about once a second. */
  reports(): Map<string, RoomReport[]> {
    const before = this.#seats;
    const now = this.#deps.clock.monotonic();
    const reports = new Map<string, RoomReport[]>();
    this.#seats = new Map();
    for (const owner of this.#deps.rooms.owned()) {
      const where = placeOf(owner);
      if (where === undefined || owner.run.closed !== undefined) continue;
      const { channel, run } = owner;
      const known = before.get(channel);
      const seats = new Map<string, number>();
      for (const seat of run.seats.keys()) seats.set(seat, known?.get(seat) ?? now);
      this.#seats.set(channel, seats);
      const all = reports.get(where.list) ?? [];
      reports.set(where.list, all);
      all.push(reportOf(where.id, owner, seats, now - HELD_MS));
    }
    return reports;
  }

  close(): void {
    this.#stop();
    this.#seats.clear();
  }

  #closed(channel: string): void {
    const owner = this.#deps.rooms.get(channel);
    const where = owner && placeOf(owner);
    if (where !== undefined) this.#deps.onClosed(where.list, where.id);
  }
}

function reportOf(id: string, { run }: Owner, seats: ReadonlyMap<string, number>, since: number): RoomReport {
  const { expected, settings } = run;
  const recent = new Set(expected.keys());
  for (const [seat, at] of seats) if (at > since) recent.add(seat);
  return [id, seats.size, seats.size + expected.size, settings.seats, [...recent]];
}

function placeOf({ channel, shape, match }: Owner): ReturnType<typeof listOf> {
  return listOf(channel, shape.match, match);
}
