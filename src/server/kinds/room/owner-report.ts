/** What the owner of a room says of it, for operators. */
import { reign } from "./item-readers.js";
import { anything, fields, flag, list, number, text, tuple, whole, type Reader } from "./run/strict-json.js";

/** A seat that is taken. */
export interface ReportedSeat {
  readonly id: string;
  /** What `authenticate` returned when the seat was taken, as JSON carries it. */
  readonly user: unknown;
  /** Whether it has a connection. Without one it is kept for the room's `grace`. */
  readonly here: boolean;
}

/** A room between two ticks. */
export interface OwnerReport {
  readonly node: string;
  /** The name of its reign, and how many owners there have been. */
  readonly reign: string;
  readonly n: number;
  readonly tick: number;
  /** In the order of joining. */
  readonly seats: readonly ReportedSeat[];
  /** How many places are kept for somebody who will join. */
  readonly reserved: number;
  /** How many reigns before this one ended soon and badly, see R9. */
  readonly short: number;
  /** Milliseconds that a tick takes, of the newest ones. */
  readonly tickTime: number;
  /** How many ticks of this owner began when the next one was due already, or were left out. */
  readonly ticksLate: number;
}

const seatFields = tuple<[string, unknown, boolean]>(text, anything, flag);

const readSeat: Reader<ReportedSeat> = (value) => {
  const [id, user, here] = seatFields(value);
  return { id, user, here };
};

export const readReport: Reader<OwnerReport> = fields<OwnerReport>({
  node: text,
  reign,
  n: whole(1),
  tick: whole(0),
  seats: list(readSeat),
  reserved: whole(0),
  short: whole(0),
  tickTime: number(0),
  ticksLate: whole(0),
});

/** The same as it is written. */
export function packReport(report: OwnerReport): object {
  return { ...report, seats: report.seats.map(({ id, user, here }) => [id, user ?? null, here]) };
}
