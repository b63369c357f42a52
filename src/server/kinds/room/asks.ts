/** What nodes ask of the owner of a room, for players and for operators. */
import { is, isOf, nameOf, oneOf, reign } from "./item-readers.js";
import {
  anything,
  expected,
  fields,
  flag,
  number,
  orNull,
  text,
  whole,
  type Reader,
} from "./run/strict-json.js";

/** What a node wants of a room's owner. `client` is the connection that it is about, by a name that no other one has. */
export type Ask =
  /**
   * A seat for somebody, or the one it has: then it is `here` as well, and the connection that had it is told `taken`. `had`: its player
   * had this seat, which the node knows or its client says; in the second after a failover that lost data it is honoured above `seats`, and
   * before those who are new. Answered once it is in the log. `from`: as below.
   */
  | {
      readonly is: "join";
      readonly seat: string;
      readonly client: string;
      readonly user: unknown;
      readonly join: unknown;
      readonly had: boolean;
      readonly from: number | undefined;
    }
  /**
   * The seat has this connection, on this node. Told again for every one that a node has when a room has another reign: of seats that
   * nobody has told, two seconds after a takeover, the owner takes it that their players are away. `from`: this node holds no input of that seat with
   * a lower number, so that nobody waits for those.
   */
  | { readonly is: "here"; readonly seat: string; readonly client: string; readonly from: number | undefined }
  /** This connection has ended; nothing, where the seat has another one by now. */
  | { readonly is: "away"; readonly seat: string; readonly client: string }
  /** `client`: nothing, where the seat has another connection by now. */
  | {
      readonly is: "leave";
      readonly seat: string;
      readonly why: "left" | "kicked";
      readonly client: string | undefined;
    }
  /** Keeps a place for somebody who will join, for so many milliseconds. */
  | { readonly is: "reserve"; readonly seat: string; readonly ms: number }
  /** Everything as it is now; answered by a {@link Keyframe} instead of an answer. */
  | { readonly is: "keyframe" }
  /**
   * An event of the application: JSON text of data that fits its schema. At most once: `under` is the reign that it was first
   * sent to, and the owner of another one says `room_moved`.
   */
  | {
      readonly is: "send";
      readonly event: string;
      readonly json: string;
      readonly to: string | undefined;
      readonly under: string;
    }
  /** The application ends the room. Answered once it is in the log. */
  | { readonly is: "close"; readonly reason: string }
  /**
   * The application sends somebody away, and has the player told why; refused where nobody has that seat. Answered once it is in
   * the log.
   */
  | { readonly is: "kick"; readonly seat: string; readonly reason: string | undefined }
  /** The room is saved as it is now. Answered once that is in the log. */
  | { readonly is: "checkpoint" }
  /** The operator vouches for the room: reigns before this one do not count any more (R9). Answered once that is in the log. */
  | { readonly is: "vouch" }
  /** What the owner knows of the room now: an {@link OwnerReport} comes with the answer. */
  | { readonly is: "info" }
  /** The node that says so stands still in the room's code, and is about to end (R9). Not answered. */
  | { readonly is: "stuck"; readonly why: string }
  /** Something that this version does not know; it is never written. */
  | { readonly is: "unknown" };

export interface Request {
  /** Names it among all requests of all nodes; the same when it is sent again. */
  readonly id: string;
  readonly ask: Ask;
}

const number1 = orNull(whole(1));

const ASKS: { readonly [Is in Exclude<Ask["is"], "unknown">]: Reader<Extract<Ask, { is: Is }>> } = {
  join: fields({
    is: is("join"),
    seat: text,
    client: text,
    user: anything,
    join: anything,
    had: flag,
    from: number1,
  }),
  here: fields({ is: is("here"), seat: text, client: text, from: number1 }),
  away: fields({ is: is("away"), seat: text, client: text }),
  leave: fields({ is: is("leave"), seat: text, why: oneOf("left", "kicked"), client: orNull(text) }),
  reserve: fields({ is: is("reserve"), seat: text, ms: number(0) }),
  keyframe: fields({ is: is("keyframe") }),
  send: fields({ is: is("send"), event: text, json: text, to: orNull(text), under: reign }),
  close: fields({ is: is("close"), reason: text }),
  kick: fields({ is: is("kick"), seat: text, reason: orNull(text) }),
  checkpoint: fields({ is: is("checkpoint") }),
  vouch: fields({ is: is("vouch") }),
  info: fields({ is: is("info") }),
  stuck: fields({ is: is("stuck"), why: text }),
};

const readAsk: Reader<Ask> = (value) => {
  const name = nameOf(value);
  if (name === undefined) throw expected("something to ask of a room", value);
  return isOf(ASKS, name) ? ASKS[name](value) : { is: "unknown" };
};

export const readRequest: Reader<Request> = fields<Request>({ id: text, ask: readAsk });
