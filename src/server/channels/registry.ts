/** From a channel's name to what the application said of it. */
import { PatternTable, fillPattern } from "../../protocol/index.js";
import { MATCH, listChannel, listingOf, type Listing } from "../../room/match.js";
import type { RoomDef } from "../../room/shape.js";
import type { ChannelDef } from "./define.js";
import { listOfRooms, roomChannel } from "./define-room.js";

/** A name with its definition and parameters. */
export interface ResolvedChannel {
  /** The one spelling of the name: `chat/a%62` and `chat/ab` are the same channel. */
  readonly name: string;
  readonly def: ChannelDef;
  readonly params: Readonly<Record<string, string>>;
}

/** Rooms of a name, whatever the last part of their channels' names is. */
export interface ResolvedRooms {
  /** In its one spelling. */
  readonly name: string;
  readonly def: RoomDef;
}

/** What channels are called that are the server's own; no pattern begins so. */
const RESERVED: readonly string[] = [MATCH, "$codes"];
/** Stands for the last part of a room's name: no application has a channel of just that name. */
const ANY = "~";

/** Names that were looked up lately are not matched again. Bounded: clients choose names. */
const REMEMBERED = 10_000;

export class ChannelRegistry {
  readonly #table: PatternTable<{ readonly pattern: string; readonly def: ChannelDef }>;
  readonly #known = new Map<string, ResolvedChannel | undefined>();
  readonly #lists = new Map<RoomDef, ChannelDef>();
  /** The shortest time for which a channel remembers keys, in milliseconds; `Infinity` where none does. */
  readonly shortestDedupe: number;
  /** Whether there are rooms among them. */
  readonly hasRooms: boolean;

  /** @throws {TypeError} when a pattern is malformed, two match the same names, or a room's definition makes no sense */
  constructor(definitions: Iterable<readonly [pattern: string, def: ChannelDef | RoomDef]>) {
    const all = Array.from(
      definitions,
      ([pattern, def]) => [pattern, "shape" in def ? roomChannel(def) : def] as const,
    );
    for (const [pattern] of all) mustBeFree(pattern);
    this.hasRooms = all.some(([, { room }]) => room !== undefined);
    this.#table = new PatternTable(all.map(([pattern, def]) => [pattern, { pattern, def }]));
    const windows = all.map(([, { log }]) => log.dedupe).filter((ms) => ms > 0);
    this.shortestDedupe = Math.min(Infinity, ...windows);
  }

  /** `undefined` when no pattern matches. */
  resolve(name: string): ResolvedChannel | undefined {
    const known = this.#known.get(name);
    if (known !== undefined || this.#known.has(name)) return known;
    const listing = this.hasRooms ? listingOf(name) : undefined;
    const resolved = listing === undefined ? this.#find(name) : this.#findList(listing);
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(name, resolved);
    return resolved;
  }

  /** The rooms that `find` finds by this name; `undefined` when there are none. */
  roomsOf(name: string): ResolvedRooms | undefined {
    const found = this.#find(`${name}/${ANY}`);
    const def = found?.def.room;
    return found && def && { name: found.name.slice(0, found.name.lastIndexOf("/")), def };
  }

  /** The one spelling of a name; names that no pattern matches stay as they are. */
  canonicalName(name: string): string {
    return this.resolve(name)?.name ?? name;
  }

  #find(name: string): ResolvedChannel | undefined {
    const found = this.#table.find(name);
    return (
      found && {
        name: fillPattern(found.value.pattern, found.params),
        def: found.value.def,
        params: found.params,
      }
    );
  }

  #findList({ name, match }: Listing): ResolvedChannel | undefined {
    const rooms = this.roomsOf(name);
    const names = rooms?.def.shape.match ?? [];
    if (rooms === undefined || names.length !== match.size || !names.every((one) => match.has(one)))
      return undefined;
    let def = this.#lists.get(rooms.def);
    if (def === undefined) this.#lists.set(rooms.def, (def = listOfRooms(rooms.def)));
    try {
      return { name: listChannel(rooms.name, names, Object.fromEntries(match)), def, params: {} };
    } catch {
      // A value that is none.
      return undefined;
    }
  }
}

/** @throws {TypeError} for a pattern of channels that are the server's own */
function mustBeFree(pattern: string): void {
  const [first = ""] = pattern.split("/");
  if (RESERVED.includes(first))
    throw new TypeError(
      `channel pattern ${JSON.stringify(pattern)}: channels ${first}/… are the server's own`,
    );
}
