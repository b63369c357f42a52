/** Who may enter a room, and how a seat is taken there. */
import type { PlayOptions } from "../../../protocol/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { TidemarkError } from "../../errors.js";
import type { RoomPart } from "../../feed/room-part.js";
import type { Caller, Identity } from "../caller.js";
import { Visit, type VisitEnd } from "./visit.js";

type Action = "join" | "spectate" | "create";

/** Somebody who wants to subscribe to a room. */
export interface Visitor {
  readonly connection: Caller;
  readonly identity: Identity;
  readonly resolved: ResolvedChannel;
  readonly options: PlayOptions;
}

/** Whether a subscription is to play, and not only to look on. */
export function isPlay(options: PlayOptions): boolean {
  return Object.hasOwn(options, "join");
}

/**
 * Whose seat it is.
 *
 * @throws {TidemarkError} `bad_request` where nobody can tell
 */
export function seatOwner(
  { userId }: Identity,
  secret: string | undefined,
): { readonly user: string } | { readonly secret: string } {
  if (userId !== undefined) return { user: userId };
  if (secret !== undefined) return { secret };
  throw new TidemarkError(
    "bad_request",
    "to play takes a user with an id, or a secret: 16 to 64 letters, digits, - and _ that the client makes up once",
  );
}

/**
 * What is known before the room is opened: who the player is and what it is matched by, and of one that only looks on whether it may.
 *
 * @throws {TidemarkError} as a rejection: `bad_request`, `forbidden`
 */
export async function mayEnter(visitor: Visitor): Promise<void> {
  const { connection, identity, resolved, options } = visitor;
  const { sessions } = connection;
  matchOf(visitor);
  if (isPlay(options)) seatOwner(identity, options.secret ?? sessions.secret);
  else if (!sessions.granted.has(resolved.name)) await mustAllow(visitor, "spectate");
}

/**
 * Enters a room that is open here: resolves when the seat is in its log.
 *
 * @param onEnd the room has ended the visit
 * @throws {TidemarkError} as a rejection: `limit_reached`, why it may not, and what `RoomPart.join` says
 */
export async function enter(
  visitor: Visitor,
  room: RoomPart,
  onEnd: (visit: Visit, end: VisitEnd) => void,
): Promise<Visit> {
  const { connection, identity, options } = visitor;
  const { sessions, node, client } = connection;
  const visit = new Visit(connection, room, onEnd);
  room.mustBeOpen();
  if (!isPlay(options)) return visit;
  const { seats } = node.limits.rooms;
  if (sessions.seats >= seats)
    throw new TidemarkError("limit_reached", `at most ${seats} seats in rooms on one connection`);
  sessions.seats++;
  try {
    visit.player = await room.join({
      seat: room.seatOf(seatOwner(identity, options.secret ?? sessions.secret)),
      client,
      user: identity.user,
      join: options.join,
      had: options.had ?? false,
      match: matchOf(visitor),
      isPartial: connection.asksAgain,
      mayJoin: async (join) => {
        await mustAllow(visitor, "join", join);
        // Nobody is there any more who would have the seat.
        if (connection.closed) throw new TidemarkError("going_away", "the connection has closed");
      },
      mayMake: async () => {
        await mustAllow(visitor, "create");
        node.newRooms.use(connection);
      },
      onEnd: visit.playerEnded,
    });
    return visit;
  } catch (error) {
    sessions.seats--;
    throw error;
  }
}

/**
 * What a player is matched by: each name that the shape has, as nothing where it was not said.
 *
 * @throws {TidemarkError} `bad_request` for a name that it has not
 */
function matchOf({ resolved, options: { match = {} } }: Visitor): ReadonlyMap<string, string> {
  const names = resolved.def.room?.shape.match ?? [];
  const strange = Object.keys(match).find((name) => !names.includes(name));
  if (strange !== undefined) {
    const all = names.length === 0 ? "by nothing" : `by ${names.join(", ")}`;
    throw new TidemarkError(
      "bad_request",
      `${JSON.stringify(resolved.name)} is matched ${all}, not by ${JSON.stringify(strange)}`,
    );
  }
  return new Map(names.map((name) => [name, match[name] ?? ""]));
}

/** @throws {TidemarkError} `forbidden` where the room's code does not allow it */
async function mustAllow(visitor: Visitor, action: Action, join?: unknown): Promise<void> {
  const { connection, identity, resolved } = visitor;
  const { name, def } = resolved;
  const hooks = def.room?.hooks;
  if (hooks?.allow === undefined) return;
  const verdict = hooks.allow({
    action,
    user: identity.user,
    client: connection.client,
    channel: name,
    match: Object.fromEntries(matchOf(visitor)),
    ...(action === "join" && { join }),
  });
  if (await connection.node.slowHooks.watch(verdict, "allow", name)) return;
  throw new TidemarkError("forbidden", `you may not ${action} ${JSON.stringify(name)}`);
}
