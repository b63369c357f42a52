/** `app.room(…)`: a room, as the application itself and its operators see it. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AppTypes } from "../../protocol/index.js";
import type { Parts } from "../../room/hooks.js";
import type { ResolvedChannel } from "../channels/registry.js";
import type { AppRooms } from "./app-rooms.js";
import type { RoomInfo } from "./room-info.js";

/** What is sent with each event of the room at a pattern, by name. */
export type RoomEvents<
  Types extends AppTypes,
  Pattern extends keyof Types["channels"],
> = Types["channels"][Pattern] extends { readonly parts: infer P extends Parts }
  ? { readonly [Event in keyof P["events"] & string]: StandardSchemaV1.InferInput<P["events"][Event]> }
  : Readonly<Record<string, unknown>>;

/**
 * A room, on the server. Made by {@link App.room}; it holds nothing, so that it may be made for each use. Neither `allow` nor a seat
 * is asked for.
 *
 * All methods reject with a {@link TidemarkError}: `room_closed` where the room has ended, `not_found` where nobody has made it,
 * `unavailable` where the server that runs it, or the broker, does not answer (then it may have been done, and may be asked for again),
 * `closed` between `app.close` and the next `listen`.
 *
 * @example
 * const arena = app.room("arena/:id", { id: "42" });
 * await arena.send("announce", { text: "last round" });
 * for (const { id, user } of (await arena.info()).seats) console.log(id, user);
 */
export class RoomHandle<Events = Readonly<Record<string, unknown>>> {
  /** The channel's full name. */
  readonly channel: string;
  readonly #resolved: ResolvedChannel;
  readonly #open: () => AppRooms;

  /** @param open gives what runs now; throws `closed` where nothing does */
  constructor(resolved: ResolvedChannel, open: () => AppRooms) {
    this.channel = resolved.name;
    this.#resolved = resolved;
    this.#open = open;
  }

  /**
   * Who runs the room, who is in it, and how it is: also of one that is stopped, has ended, or was never made. Waits up to a second for
   * servers on which somebody may look on.
   */
  async info(): Promise<RoomInfo> {
    return this.#open().info(this.#resolved);
  }

  /**
   * Tells all who are there, or one seat, something that happened: as `r.send` does, with the next tick, and at most once. Nobody hears
   * it in a room that is stopped.
   *
   * @param to the id of a seat
   * @throws {TidemarkError} `not_found` for an event that the shape has not, or a seat that nobody has; `invalid` for data that does not fit
   *   the event's schema, `too_large`; `outcome_unknown` in place of `unavailable`: it may have been told, and is not told again by itself
   */
  async send<Event extends keyof Events & string>(
    event: Event,
    data: Events[Event],
    to?: string,
  ): Promise<void> {
    return this.#open().send(this.#resolved, event, data, to);
  }

  /**
   * Gives a seat free, whose player is told `kicked`: `leave` is called with that. Whoever it is may join again, unless `allow` says
   * otherwise. A room that is stopped goes on for it. Resolves when that is in the room's log.
   *
   * @param reason what the player is told, 1 to 256 letters
   * @throws {TidemarkError} `not_found` where nobody has that seat, `bad_request` for a reason that is none
   */
  async kick(seat: string, reason?: string): Promise<void> {
    return this.#open().kick(this.#resolved, seat, reason);
  }

  /**
   * Ends the room for good, whether a server runs it or not; its players are told `room_closed`. One that has ended already stays as it
   * is. Resolves when that is in the room's log.
   *
   * @param reason what players are told, 1 to 256 letters. Default "closed"
   * @throws {TidemarkError} `bad_request` for a reason that is none
   */
  async close(reason?: string): Promise<void> {
    return this.#open().close(this.#resolved, reason);
  }

  /**
   * Saves the room as it is now. Resolves when that is in its log; at once where it is stopped, and so saved already.
   *
   * @throws {TidemarkError} `too_large` where it is more than a checkpoint holds, 1 MiB
   */
  async checkpoint(): Promise<void> {
    return this.#open().checkpoint(this.#resolved);
  }

  /**
   * Lifts what keeps the room from being run because its servers died of it, or seem to: also where it was closed for that, with the
   * reason "crashed". It goes on where it was saved last, when somebody comes. Does nothing where there is nothing to lift.
   */
  async revive(): Promise<void> {
    return this.#open().revive(this.#resolved);
  }
}
