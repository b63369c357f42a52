/** A node's part in matchmaking: it finds rooms for players who are connected here, and tells of the rooms that it owns. */
import type { Broker } from "../../../../broker/index.js";
import type { RoomDef } from "../../../../room/shape.js";
import { TidemarkError } from "../../../errors.js";
import type { Finding, Found, Matching } from "../../../feed/matching.js";
import type { Answer } from "../messages.js";
import { closedError } from "../replica/join-error.js";
import { ownerKeyOf, seatIdFor } from "../replica/seat-id.js";
import type { RoomNode } from "../room-node.js";
import type { MatchMember } from "./match-member.js";
import { Memberships, type MembershipsDeps } from "./memberships.js";
import { PrivateRooms } from "./private-rooms.js";
import { listedId } from "./room-names.js";
import type { Given } from "./said.js";
import { full, matchOf, mustHaveList, noAnswer } from "./sought.js";

/** How long a seat is kept for who has found a room, in milliseconds. */
export const RESERVED_MS = 10_000;
/** So many rooms are tried for one who asks: those that were full, or gone, though they were not known to be. */
const MOST_TRIES = 4;

/** Rooms of a name, whatever the last part of their channels' names is. */
export interface RoomsOf {
  /** In the one spelling of it. */
  readonly name: string;
  readonly def: RoomDef;
}

export interface MatchmakingDeps extends Pick<MembershipsDeps, "clock" | "random" | "onError"> {
  readonly broker: Pick<Broker, "node" | "readSlots" | "change">;
  /** This node's part in rooms. */
  readonly node: Pick<RoomNode, "rooms" | "places" | "ask">;
  /** Undefined: there are no such rooms. */
  readonly roomsOf: (name: string) => RoomsOf | undefined;
  /** Opens a channel, until it is released. Rejects with the broker's error. */
  readonly acquire: (channel: string) => Promise<unknown>;
  readonly release: (channel: string) => void;
}

/** Who asks, and for what. */
interface Sought {
  readonly name: string;
  readonly match: ReadonlyMap<string, string>;
  readonly list: string;
  readonly key: string;
  readonly mayMake: Finding["mayMake"];
}

/** A room, and what it is for where nobody has made it. */
interface Wanted {
  readonly channel: string;
  readonly match: ReadonlyMap<string, string>;
}

const NONE: Given = [0, undefined, false];

export class Matchmaking implements Matching {
  readonly #deps: MatchmakingDeps;
  readonly #memberships: Memberships;
  readonly #codes: PrivateRooms;
  /** Who is being found a room, by the list and the owner's key: asking twice is asking once. */
  readonly #finding = new Map<string, Promise<Found>>();

  constructor(deps: MatchmakingDeps) {
    const { broker, clock, random, node, acquire, release, onError } = deps;
    this.#deps = deps;
    this.#codes = new PrivateRooms({ broker, random });
    this.#memberships = new Memberships({
      clock,
      random,
      onError,
      node: broker.node,
      rooms: node.rooms,
      open: async (channel) => {
        await acquire(channel);
        const place = node.places.get(channel);
        if (place !== undefined) return { place, release: () => release(channel) };
        release(channel);
        throw new TypeError(`${channel} is no list of rooms`);
      },
    });
  }

  async find({ name: asked, match, owner, how, mayUse, mayMake }: Finding): Promise<Found> {
    const { name, def } = this.#mustHave(asked);
    const key = ownerKeyOf(owner);
    if (typeof how === "object") return this.#enter(await this.#codes.find(name, how.code), key);
    const values = matchOf(def, match);
    if (how === "private") {
      const { code, channel } = await this.#codes.make(name);
      await mayMake(channel);
      return { ...(await this.#enter({ channel, match: values }, key)), code };
    }
    const list = mustHaveList(name, def, values);
    mayUse(list);
    const id = `${list} ${key}`;
    let finding = this.#finding.get(id);
    if (finding === undefined) {
      const sought = { name, match: values, list, key, mayMake };
      finding = this.#memberships
        .with(list, (member) => this.#fill(member, sought))
        .finally(() => this.#finding.delete(id));
      this.#finding.set(id, finding);
    }
    return finding;
  }

  /** Lets go of all rooms that match: others may own those of this node from now on. */
  close(): void {
    this.#memberships.close();
  }

  #mustHave(name: string): RoomsOf {
    const rooms = this.#deps.roomsOf(name);
    if (rooms !== undefined) return rooms;
    throw new TidemarkError("not_found", `there are no rooms ${JSON.stringify(`${name}/…`)} to be found`);
  }

  async #fill(member: MatchMember, { name, match, key, mayMake }: Sought): Promise<Found> {
    let fresh: string | undefined;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      // Whoever may make no room does not make the one that matches either: anybody can make up values.
      let given = member.isThere || fresh !== undefined ? await wish(member, key, fresh) : NONE;
      if (given[1] === undefined && fresh === undefined) {
        fresh = listedId(this.#deps.random.id());
        await mayMake(`${name}/${fresh}`);
        given = await wish(member, key, fresh);
      }
      const [, id, isNew] = given;
      if (id === undefined) break;
      const channel = `${name}/${id}`;
      const answer = await this.#reserve({ channel, match }, key);
      switch (answer?.code) {
        case "ok":
          member.kept(key);
          return { channel };
        case "room_full":
          member.failed([key, id, false]);
          // A new one that is full is one that no server takes.
          if (isNew) throw full();
          break;
        case "room_closed":
          member.failed([key, id, true]);
          if (isNew) fresh = undefined;
          break;
        default:
          throw noAnswer();
      }
    }
    throw full();
  }

  /** Keeps a seat in a room that is known by its name. */
  async #enter(wanted: Wanted, key: string): Promise<Found> {
    const answer = await this.#reserve(wanted, key);
    switch (answer?.code) {
      case "ok":
        return { channel: wanted.channel };
      case "room_full":
        throw new TidemarkError("room_full", "all seats of this room are taken", { after: RESERVED_MS });
      case "room_closed":
        throw closedError(answer.reason);
      default:
        throw noAnswer();
    }
  }

  #reserve({ channel, match }: Wanted, key: string): Promise<Answer | undefined> {
    const ask = { is: "reserve", seat: seatIdFor(channel, key), ms: RESERVED_MS } as const;
    return this.#deps.node.ask(channel, ask, { wake: true, match });
  }
}

/** @throws {TidemarkError} as a rejection, `unavailable` where there is no answer in time, and why there can be none */
async function wish(member: MatchMember, key: string, fresh: string | undefined): Promise<Given> {
  const given = await member.wish(key, fresh);
  if (given === undefined) throw noAnswer();
  return given;
}
