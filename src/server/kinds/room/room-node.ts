/** A node's part in rooms: those that it owns, those that its players are in, and what nodes tell each other about them. */
import { BrokerError, type Broker } from "../../../broker/index.js";
import type { Clock, Random } from "../../../protocol/index.js";
import type { RoomDef } from "../../../room/shape.js";
import { detach, type OnError } from "../../guard.js";
import type { Logger } from "../../logger.js";
import { Inquiries, type InquiryOptions } from "./inquiries.js";
import type { Answer, Ask } from "./messages.js";
import { RoomMail } from "./owner/mail.js";
import { Rooms } from "./owner/rooms.js";
import type { RoomsDeps } from "./owner/rooms-deps.js";
import { OwnerAsks } from "./owner-asks.js";
import { RoomPlace } from "./replica/room-place.js";
import { RoomPlaces } from "./replica/room-places.js";
import type { RoomWatch } from "./watch/watch-rooms.js";

/** How long a node that stops waits until others have its rooms, in milliseconds. */
const DRAIN_MS = 5000;

export interface RoomNodeDeps extends Pick<RoomsDeps, "define" | "times" | "most" | "marked"> {
  readonly broker: Broker;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly random: Random;
  /** Never throws. */
  readonly log: Logger;
  /** Has `flush` called at the end of this turn. */
  readonly collect: (flush: () => void) => void;
  /** Sees to it that a room that stands still does not take others with it; closed with this. Default: nobody does. */
  readonly watch?: RoomWatch | undefined;
}

/** A channel that is a room. */
export interface RoomChannel {
  readonly name: string;
  readonly def: { readonly room: RoomDef | undefined };
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/**
 * One for each node that knows of rooms. Close it behind the hub, whose channels say goodbye through it.
 *
 * @example
 * const rooms = new RoomNode({ broker, clock, random, log, collect, define: (channel) => registry.resolve(channel)?.def.room });
 * await rooms.ask("arena/1", { is: "close", reason: "maintenance" });
 */
export class RoomNode {
  readonly mail: RoomMail;
  readonly rooms: Rooms;
  readonly places = new RoomPlaces();
  /** What is asked of owners, with what has become of it. See also {@link ask}. */
  readonly asks: OwnerAsks;
  readonly #deps: RoomNodeDeps;
  readonly #inquiries: Inquiries;
  readonly #onError: OnError;
  readonly #stops: readonly (() => void)[];
  #draining: Promise<void> | undefined;

  constructor(deps: RoomNodeDeps) {
    const { broker, clock, random, log } = deps;
    this.#deps = deps;
    // A node that had stopped may have begun again.
    broker.report({ rooms: 0, tick: 0 });
    this.#onError = (error) =>
      log.warn({ error }, "something failed in the rooms of this server; they go on");
    const onError = this.#onError;
    this.mail = new RoomMail({ broker, clock, onError });
    this.rooms = new Rooms({ ...deps, ...deps.watch, mail: this.mail });
    this.asks = new OwnerAsks({ broker, clock, random, mail: this.mail, rooms: this.rooms });
    this.#inquiries = new Inquiries({ asks: this.asks, clock, onError });
    this.#stops = [
      this.mail.listen(this.places.onItem),
      this.rooms.watch((channel, signal) => this.places.onTold(channel, signal)),
    ];
  }

  /** The room as this node shows it to those who are connected here. The hub opens it, and closes it. */
  placeFor({ name, def: { room } }: RoomChannel, ch: number): RoomPlace {
    if (room === undefined) throw new TypeError(`${name} is no room`);
    const { broker, clock, random, log, collect, watch } = this.#deps;
    const place: RoomPlace = new RoomPlace(
      { channel: name, ch, def: room, match: NOTHING },
      {
        broker,
        clock,
        random,
        collect,
        mail: this.mail,
        rooms: this.rooms,
        marks: watch?.marks,
        watchedOf: this.rooms.watchedOf,
        onError: (error, channel) => {
          if (error instanceof BrokerError) log.warn({ channel, error }, "a room's log cannot be read now");
          else log.error({ channel, error }, "an error in the code of a room, or of rooms");
        },
        onClose: () => this.places.delete(place),
      },
    );
    this.places.add(place);
    return place;
  }

  /**
   * Asks the owner of a room something, for who is not in it.
   *
   * @returns undefined where there was no answer in time, or nobody owns the room and `wake` does not say that somebody is to
   */
  ask(channel: string, ask: Ask, options?: InquiryOptions): Promise<Answer | undefined> {
    return this.#inquiries.ask(channel, ask, options);
  }

  /** Hands all rooms over to other nodes, and takes none from now on. Resolves when they are gone, after 5 seconds at the latest. */
  drain(): Promise<void> {
    const { clock } = this.#deps;
    return (this.#draining ??= new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, DRAIN_MS);
      const done = (): void => {
        clock.clearTimeout(timer);
        resolve();
      };
      detach(
        this.rooms.drain().then(done, (error: unknown) => {
          done();
          throw error;
        }),
        this.#onError,
      );
    }));
  }

  /** Lets go of everything at once: what was not drained is not saved. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#inquiries.close();
    this.asks.close();
    this.rooms.close();
    // Who was disconnected a moment ago is away: that is on its way.
    this.mail.flush();
    this.mail.close();
    this.#deps.watch?.close();
  }
}
