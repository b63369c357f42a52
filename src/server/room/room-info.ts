/** What operators are told of one room. */
import type { Broker } from "../../broker/index.js";
import type { RoomDef } from "../../room/shape.js";
import type { OwnerReport } from "../kinds/room/owner-report.js";
import type { RoomStatus } from "../kinds/room/owner/read-status.js";
import { readRoom } from "../kinds/room/owner/read-room.js";

/** A seat of a room that is taken. */
export interface RoomSeat {
  readonly id: string;
  /** What `authenticate` returned when the seat was taken, as JSON carries it. */
  readonly user: unknown;
  /** Whether it has a connection. Without one it is kept for the room's `grace`. */
  readonly here: boolean;
}

/** What {@link RoomHandle.info} says. What is not known is `undefined`. */
export interface RoomInfo {
  /** The channel's full name. */
  readonly channel: string;
  /**
   * - `running`: a server has it
   * - `stopped`: it is saved, and goes on when somebody comes
   * - `closed`: it has ended for good
   * - `none`: nobody has made it yet
   */
  readonly status: "running" | "stopped" | "closed" | "none";
  /** Why it has ended, or was left as it is: its last server is gone, or could not go on with it. */
  readonly reason: string | undefined;
  /** Ticks a second; 0: there are none. */
  readonly rate: number;
  /** How many seats there may be. */
  readonly most: number;
  /** What its players asked for. */
  readonly match: Readonly<Record<string, string>>;
  /** Who has it, or had it last: the server, the name of its reign, and how many owners there have been. */
  readonly owner: { readonly node: string; readonly reign: string; readonly n: number } | undefined;
  /** How many owners ended soon and badly, one after the other; with two the room is closed. */
  readonly short: number;
  /** The newest tick; of a room that is stopped, the one that it was saved at. */
  readonly tick: number | undefined;
  /** In the order of joining. */
  readonly seats: readonly RoomSeat[];
  /** How many places are kept for somebody who will join. */
  readonly reserved: number;
  /** How many connections look on without a seat, on those servers that answered within a second. */
  readonly spectators: number;
  /** Milliseconds that a tick takes, of the newest ones. */
  readonly tickTime: number | undefined;
  /** How many ticks of its owner began when the next one was due already, or were left out. */
  readonly ticksLate: number | undefined;
}

type About = Omit<RoomInfo, "status" | "spectators">;

/** What its log says of a room, whoever has it. */
export function aboutOf(
  channel: string,
  { shape }: Pick<RoomDef, "shape">,
  { reign, made, closed }: RoomStatus,
): About {
  return {
    channel,
    reason: closed?.reason,
    rate: shape.rate,
    most: shape.seats,
    match: Object.fromEntries(made?.match ?? []),
    owner: reign && { node: reign.node, reign: reign.name, n: reign.n },
    short: reign?.short ?? 0,
    tick: closed?.tick,
    seats: [],
    reserved: 0,
    tickTime: undefined,
    ticksLate: undefined,
  };
}

/** A room as its owner says. */
export function runningOf(about: About, report: OwnerReport, spectators: number): RoomInfo {
  const { node, reign, n, ...rest } = report;
  return { ...about, ...rest, status: "running", owner: { node, reign, n }, spectators };
}

/**
 * A room that nobody runs, as it is saved.
 *
 * @throws {BrokerError}
 */
export async function stoppedOf(
  broker: Pick<Broker, "readSlots">,
  about: About,
  reason: string | undefined,
  spectators: number,
): Promise<RoomInfo> {
  const { seats, saved } = await readRoom(broker, about.channel);
  return {
    ...about,
    status: "stopped",
    reason,
    tick: saved.at(-1)?.tick,
    seats: [...seats].map(([id, { user }]) => ({ id, user, here: false })),
    spectators,
  };
}
