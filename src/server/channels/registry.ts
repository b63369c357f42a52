/** From a channel's name to what the application said of it. */
import { PatternTable, fillPattern } from "../../protocol/index.js";
import type { RoomDef } from "../../room/shape.js";
import type { ChannelDef } from "./define.js";
import { roomChannel } from "./define-room.js";

/** A name with its definition and parameters. */
export interface ResolvedChannel {
  /** The one spelling of the name: `chat/a%62` and `chat/ab` are the same channel. */
  readonly name: string;
  readonly def: ChannelDef;
  readonly params: Readonly<Record<string, string>>;
}

/** Names that were looked up lately are not matched again. Bounded: clients choose names. */
const REMEMBERED = 10_000;

export class ChannelRegistry {
  readonly #table: PatternTable<{ readonly pattern: string; readonly def: ChannelDef }>;
  readonly #known = new Map<string, ResolvedChannel | undefined>();
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
    this.hasRooms = all.some(([, { room }]) => room !== undefined);
    this.#table = new PatternTable(all.map(([pattern, def]) => [pattern, { pattern, def }]));
    const windows = all.map(([, { log }]) => log.dedupe).filter((ms) => ms > 0);
    this.shortestDedupe = Math.min(Infinity, ...windows);
  }

  /** `undefined` when no pattern matches. */
  resolve(name: string): ResolvedChannel | undefined {
    const known = this.#known.get(name);
    if (known !== undefined || this.#known.has(name)) return known;
    const found = this.#table.find(name);
    const resolved = found && {
      name: fillPattern(found.value.pattern, found.params),
      def: found.value.def,
      params: found.params,
    };
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(name, resolved);
    return resolved;
  }

  /** The one spelling of a name; names that no pattern matches stay as they are. */
  canonicalName(name: string): string {
    return this.resolve(name)?.name ?? name;
  }
}
