/** The rooms that match, as far as this node needs them: to find rooms for players, and to tell of those that it owns. */
import type { Clock, Random, Timer } from "../../../../protocol/index.js";
import { TidemarkError } from "../../../errors.js";
import type { OnError } from "../../../guard.js";
import type { Rooms } from "../owner/rooms.js";
import { MatchMember, type MatchPlace } from "./match-member.js";
import { OwnedRooms } from "./owned-rooms.js";
import type { RoomReport } from "./said.js";

/** How often it is looked what has changed in the rooms that this node owns, in milliseconds. */
const LOOK_MS = 1000;
/** How often all of it is told, though nothing has changed: in so many looks. */
const ANEW_LOOKS = 10;
/** A room that matches is left after so many looks in which nobody here needed it. */
const IDLE_LOOKS = 10;

export interface MembershipsDeps {
  readonly clock: Clock;
  readonly random: Pick<Random, "id">;
  /** This node. */
  readonly node: string;
  readonly rooms: Pick<Rooms, "owned" | "get" | "watch">;
  /** Opens the room that matches in this channel. Rejects with the broker's error. */
  readonly open: (channel: string) => Promise<MatchPlace>;
  readonly onError: OnError;
}

interface Membership {
  readonly opened: Promise<MatchMember>;
  /** It, once it is there. */
  member: MatchMember | undefined;
  /** What was told last. */
  told: string;
  /** How many looks ago that was. */
  looks: number;
  /** How many ask for something right now. */
  users: number;
  idle: number;
}

const NOTHING = "[]";

export class Memberships {
  readonly #deps: MembershipsDeps;
  readonly #owned: OwnedRooms;
  readonly #all = new Map<string, Membership>();
  #timer: Timer;
  #isClosed = false;

  constructor(deps: MembershipsDeps) {
    const { clock, rooms } = deps;
    this.#deps = deps;
    this.#owned = new OwnedRooms({
      clock,
      rooms,
      onClosed: (list, id) => this.#all.get(list)?.member?.closed(id),
    });
    this.#lookLater();
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** Does something with the room that matches in a channel. Rejects as that does, and with the broker's error. */
  async with<T>(list: string, use: (member: MatchMember) => Promise<T>): Promise<T> {
    const membership = this.#join(list);
    membership.users++;
    try {
      return await use(await membership.opened);
    } finally {
      membership.users--;
    }
  }

  /** Lets go of all of them: others may own the rooms of this node from now on. */
  close(): void {
    this.#isClosed = true;
    this.#deps.clock.clearTimeout(this.#timer);
    this.#owned.close();
    for (const { member } of this.#all.values()) member?.close();
    this.#all.clear();
  }

  #join(list: string): Membership {
    const known = this.#all.get(list);
    if (known !== undefined) return known;
    if (this.#isClosed) throw new TidemarkError("going_away", "this server is stopping");
    const { clock, random, node, open, onError } = this.#deps;
    const opened = open(list).then((place) => {
      const client = `${node} ${random.id()}`;
      const member = new MatchMember({ clock, channel: list, node, client, opened: place, onError });
      if (this.#all.get(list) === membership) membership.member = member;
      else member.close();
      return member;
    });
    const membership: Membership = { opened, member: undefined, told: NOTHING, looks: 0, users: 0, idle: 0 };
    this.#all.set(list, membership);
    opened.catch((error: unknown) => {
      // The next one who needs it tries again.
      if (this.#all.get(list) === membership) this.#all.delete(list);
      onError(error);
    });
    return membership;
  }

  #lookLater(): void {
    this.#timer = this.#deps.clock.setTimeout(() => {
      if (this.#isClosed) return;
      this.#lookLater();
      this.#look();
    }, LOOK_MS);
  }

  #look(): void {
    const reports = this.#owned.reports();
    for (const list of reports.keys()) this.#join(list);
    for (const [list, membership] of this.#all) {
      report(membership, reports.get(list) ?? []);
      const { member, users, told } = membership;
      const isIdle = member?.isIdle === true && users === 0 && told === NOTHING;
      membership.idle = isIdle ? membership.idle + 1 : 0;
      if (membership.idle < IDLE_LOOKS) continue;
      this.#all.delete(list);
      member?.close();
    }
  }
}

/** Tells of all rooms of a list that this node owns, if something is otherwise, or it is long since. */
function report(membership: Membership, rooms: readonly RoomReport[]): void {
  const said = JSON.stringify(rooms);
  membership.looks++;
  const isDue = said !== membership.told || (said !== NOTHING && membership.looks >= ANEW_LOOKS);
  if (membership.member === undefined || !isDue) return;
  membership.looks = 0;
  membership.told = said;
  membership.member.report(rooms);
}
