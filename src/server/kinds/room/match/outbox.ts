/** What a node has to say in a room that matches, cut into inputs: none is longer than an input may be. */
import { MOST_LETTERS } from "../replica/checked.js";
import type { Failure, RoomReport, Said, Wish } from "./said.js";

/** Letters of JSON for what is said, beside the braces. */
const ROOM = MOST_LETTERS - 256;
/** So many seats of a room are in one report of it. */
const MOST_RECENT = 128;

type Queues = { closed: string[]; kept: string[]; failed: Failure[]; wishes: Wish[] };

/** Keeps what is to be said until it is said. */
export class MatchOutbox {
  readonly #queues: Queues = { closed: [], kept: [], failed: [], wishes: [] };
  /** What is left of the newest report. */
  #reports: RoomReport[] = [];
  #round = 0;
  /** Whether a round has not been told to its end. */
  #isTelling = false;

  get isEmpty(): boolean {
    return !this.#isTelling && Object.values(this.#queues).every(({ length }) => length === 0);
  }

  /** All rooms that the node owns: what is left of the report before is not told any more. */
  report(rooms: readonly RoomReport[]): void {
    this.#round++;
    this.#isTelling = true;
    this.#reports = rooms.flatMap(inPieces);
  }

  closed(id: string): void {
    this.#queues.closed.push(id);
  }

  kept(key: string): void {
    this.#queues.kept.push(key);
  }

  failed(failure: Failure): void {
    this.#queues.failed.push(failure);
  }

  wish(wish: Wish): void {
    this.#queues.wishes.push(wish);
  }

  /** Nobody waits for a place any more. */
  dropWishes(): void {
    this.#queues.wishes.length = 0;
  }

  /** The next input. What it holds is not said again. */
  take(): Said {
    let room = ROOM;
    const from = <T>(queue: T[]): T[] => {
      let count = 0;
      while (count < queue.length && (room -= JSON.stringify(queue[count]).length + 1) >= 0) count++;
      return queue.splice(0, count);
    };
    // Reports first: what is wished stands on them.
    const all = this.#isTelling ? from(this.#reports) : [];
    const rooms = this.#isTelling
      ? { round: this.#round, all, isLast: this.#reports.length === 0 }
      : undefined;
    if (rooms?.isLast === true) this.#isTelling = false;
    const { closed, kept, failed, wishes } = this.#queues;
    if (this.#isTelling) return { rooms, closed: [], kept: [], failed: [], wishes: [] };
    return { rooms, closed: from(closed), kept: from(kept), failed: from(failed), wishes: from(wishes) };
  }
}

function inPieces([id, players, used, seats, recent]: RoomReport): RoomReport[] {
  const pieces: RoomReport[] = [[id, players, used, seats, recent.slice(0, MOST_RECENT)]];
  for (let at = MOST_RECENT; at < recent.length; at += MOST_RECENT)
    pieces.push([id, players, used, seats, recent.slice(at, at + MOST_RECENT)]);
  return pieces;
}
