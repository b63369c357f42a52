/** One connection's subscription to a room: the seat that it holds there, if it plays, and how that ends. */
import type { Clock, Cursor, InputLine, SubscribeResult } from "../../../protocol/index.js";
import type { Subscriber } from "../../delivery/audience.js";
import type { Outgoing } from "../../delivery/outgoing.js";
import { errorBody, type TidemarkError } from "../../errors.js";
import type { PlayerEnd, RoomPart, Seated } from "../../feed/room-part.js";
import { TokenBucket } from "../limits/rate.js";

/** So many refused inputs a second one is told of. */
const TOLD = { perSecond: 10, burst: 10 };

/** The cursor of who was told of no reign: the first one is told by a gap. It is the name of none. */
const NO_REIGN: Cursor = { epoch: "none", offset: 0 };

/** Why the server ends a subscription to a room, as its client is told. */
export interface VisitEnd {
  readonly code: "seat_taken" | "seat_lost" | "kicked" | "room_closed";
  readonly message: string;
}

/** Who is told of inputs that do not count: a connection. */
export interface Told {
  readonly node: { readonly clock: Pick<Clock, "monotonic" | "setTimeout"> };
  readonly out: Pick<Outgoing, "roomy">;
  /** Sends a line that belongs to no command. */
  tell(text: string): void;
}

/** Whose visit it is: a connection. */
export interface VisitOwner extends Told {
  readonly sessions: {
    /** How many seats it has. */
    seats: number;
    seatedOn(ch: number, visit: Visit): void;
    unseated(ch: number, visit: Visit): void;
  };
}

export class Visit {
  /** Undefined for one that only looks on. */
  player: Seated | undefined;
  readonly #connection: VisitOwner;
  readonly #room: RoomPart;
  readonly #onEnd: (visit: Visit, end: VisitEnd) => void;
  #refusals: TokenBucket | undefined;
  /** What has ended it. */
  #ending: VisitEnd | undefined;
  #hasTold = false;
  #ch: number | undefined;

  /** @param onEnd the room has ended it; called once at most, and not before it has begun */
  constructor(connection: VisitOwner, room: RoomPart, onEnd: (visit: Visit, end: VisitEnd) => void) {
    this.#connection = connection;
    this.#room = room;
    this.#onEnd = onEnd;
  }

  /** For `Joining.onEnd`. */
  readonly playerEnded = (why: PlayerEnd, reason: string | undefined): void => this.#end(endOf(why, reason));

  /** What the answer to its subscribe says besides. */
  get result(): Pick<SubscribeResult, "seat" | "last" | "rate" | "shape"> {
    const { rate, shape } = this.#room;
    const seated = this.player && { seat: this.player.seat, last: this.player.last };
    return { ...seated, rate, shape };
  }

  /** Frames go to this subscriber from here on, in lines of this number. */
  begin(
    subscriber: Subscriber,
    ch: number,
    view: { cursor: Cursor | undefined; budget: number | undefined },
  ): void {
    this.#ch = ch;
    const cursor = view.cursor ?? NO_REIGN;
    if (this.player === undefined) {
      const onClosed = (reason: string): void => this.#end(endOf("closed", reason));
      this.#room.lookOn(subscriber, { view: { ...view, cursor }, onClosed });
    } else {
      this.#connection.sessions.seatedOn(ch, this);
      this.player.begin(subscriber, { ...view, cursor });
    }
    if (this.#ending !== undefined) this.#end(this.#ending);
  }

  /** An input of its player. Hot: once an input. Whether it brings something. */
  input({ to, n, input, seen }: InputLine): boolean {
    const { player } = this;
    if (player === undefined) return false;
    if (n === 0) {
      if (seen !== undefined) player.saw(seen);
      return false;
    }
    const outcome = player.input(n, input, seen);
    if (outcome === "taken") return true;
    if (outcome !== "known") {
      this.#refusals ??= refusals(this.#connection);
      tellRefused(this.#connection, this.#refusals, { ch: to }, n, outcome);
    }
    return false;
  }

  /** Gives the seat up, where there is one: resolves when that is in the room's log. */
  leave(): Promise<void> | undefined {
    return this.player?.leave();
  }

  /** The subscription has ended. The seat, if it was not given up, has no connection from here on, or so many milliseconds later. */
  ended(grace: number): void {
    const { player } = this;
    const { node, sessions } = this.#connection;
    if (player === undefined) return;
    if (this.#ch !== undefined) sessions.unseated(this.#ch, this);
    sessions.seats--;
    if (grace > 0) node.clock.setTimeout(() => player.disconnect(), grace);
    else player.disconnect();
  }

  #end(end: VisitEnd): void {
    this.#ending ??= end;
    if (this.#ch === undefined || this.#hasTold) return;
    this.#hasTold = true;
    this.#onEnd(this, this.#ending);
  }
}

/** How many refused inputs somebody is told of. */
export function refusals({ node }: Pick<Told, "node">): TokenBucket {
  return new TokenBucket(TOLD, node.clock.monotonic());
}

/** Tells a client that an input of its does not count. Some are not told of: where there are many, and where there is no room. */
export function tellRefused(
  connection: Told,
  told: TokenBucket,
  where: { readonly ch: number | string } | { readonly channel: string },
  n: number,
  error: TidemarkError,
): void {
  if (!connection.out.roomy || told.take(connection.node.clock.monotonic()) > 0) return;
  const { code, message, after, issues } = errorBody(error);
  connection.tell(JSON.stringify({ event: "refused", ...where, n, code, message, after, issues }));
}

function endOf(why: PlayerEnd, reason: string | undefined): VisitEnd {
  switch (why) {
    case "taken":
      return { code: "seat_taken", message: "another connection of this player has the seat now" };
    case "left":
      return { code: "seat_lost", message: "the seat was given up on another connection" };
    case "away":
      return { code: "seat_lost", message: "the seat was free again after its grace without a connection" };
    case "lost":
      return { code: "seat_lost", message: "the seat was lost with data, and others have all there are" };
    case "kicked":
      return { code: "kicked", message: "the application has sent this player away" };
    case "closed":
      return { code: "room_closed", message: reason ?? "the room has ended" };
  }
}
