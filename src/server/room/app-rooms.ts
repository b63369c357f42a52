/** What operators and the application itself do with rooms, whichever node runs them. */
import type { RoomDef } from "../../room/shape.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { validate } from "../channels/validate.js";
import type { ServerNode } from "../connection/node.js";
import { ofBroker } from "../connection/of-broker.js";
import { encodeValue } from "../connection/publish/payload.js";
import { TidemarkError } from "../errors.js";
import type { PageOfNames } from "../inspection/count.js";
import { Survey, type NodesAsked } from "../inspection/survey.js";
import type { Ask } from "../kinds/room/asks.js";
import { closeStopped } from "../kinds/room/owner/close-stopped.js";
import type { Rooms } from "../kinds/room/owner/rooms.js";
import { REIGN_MS } from "../kinds/room/owner/tenure.js";
import type { AskOptions, AskedOwner, OwnerAsks } from "../kinds/room/owner-asks.js";
import type { RoomPlaces } from "../kinds/room/replica/room-places.js";
import { isFault } from "../kinds/room/run/faults.js";
import { checkedReason } from "../kinds/room/run/context.js";
import { mustBeRoom } from "./must-be-room.js";
import { aboutOf, runningOf, stoppedOf, type RoomInfo } from "./room-info.js";
import { addUpRooms, countRooms, type RoomCount, type RoomParts } from "./rooms-count.js";
import { whyNot } from "./why-not.js";

/** A room that has to be taken up first is waited for so long, in milliseconds: longer than the reign of an owner that is gone. */
const WAKE_MS = 10_000;
/** How long it waits before it tries again to end a room whose last owner's reign is not over, in milliseconds. */
const HELD_MS = 250;
/** The reason of a room that the application ends without one. */
const CLOSED = "closed";

/** A node's part in rooms. */
export interface RoomsPart {
  readonly asks: OwnerAsks;
  readonly rooms: Rooms;
  readonly places: RoomPlaces;
}

/** Rooms that servers run now. */
export interface OwnedRooms {
  /** In the order of their names. */
  readonly rooms: readonly RoomCount[];
  /** What `after` has to be for those that follow; missing on the last page. */
  readonly next?: string;
  /** How many servers there are, and how many have answered. Where these differ, some rooms are missing. */
  readonly nodes: NodesAsked;
}

/** The rooms of one server, for its operators. */
export interface AppRoomsStats {
  /** Rooms that it runs now. */
  readonly owned: number;
  /** Seats that are taken in them. */
  readonly players: number;
  /** Connections to this server that look on at rooms, wherever these run, without a seat. */
  readonly spectators: number;
  /** Milliseconds of a second that it spends in ticks, of the last seconds. */
  readonly tickTime: number;
  /** Ticks that it made so far. */
  readonly ticks: number;
  /** Ticks so far that began when the next one was due already, or were left out. */
  readonly ticksLate: number;
  /** Rooms that it took so far whose owner before had not let go of them: it was gone, or cut off. */
  readonly takeovers: number;
}

export interface AppRoomsOptions {
  /** The length of a reign, in milliseconds. Default {@link REIGN_MS}. */
  readonly ttl?: number;
}

/** One per running app, also where none of its channels is a room: others ask it what it has. */
export class AppRooms {
  readonly #node: ServerNode;
  readonly #part: RoomsPart | undefined;
  readonly #ttl: number;
  readonly #survey: Survey<PageOfNames, RoomParts>;

  constructor(node: ServerNode, part: RoomsPart | undefined, { ttl = REIGN_MS }: AppRoomsOptions = {}) {
    const { broker, clock, random, log } = node;
    this.#node = node;
    this.#part = part;
    this.#ttl = ttl;
    this.#survey = new Survey({
      broker,
      clock,
      random,
      name: "rooms-here",
      answer: (page) => countRooms(broker.node, part, page),
      onError: (error) => log.warn({ error }, "another server asked which rooms are here, and got no answer"),
    });
  }

  /** What this node does for rooms. */
  get stats(): AppRoomsStats {
    if (this.#part === undefined) return NO_ROOMS;
    let spectators = 0;
    for (const place of this.#part.places) spectators += place.spectators;
    return { ...this.#part.rooms.stats, spectators };
  }

  /** A page of the rooms that nodes own. */
  count(page: PageOfNames): Promise<OwnedRooms> {
    return ofBroker(this.#node, "list rooms", async () => {
      const { answers, nodes } = await this.#survey.ask(page);
      const { rooms, next } = addUpRooms(answers, page);
      return { rooms, ...(next !== undefined && { next }), nodes };
    });
  }

  async info(resolved: ResolvedChannel): Promise<RoomInfo> {
    const { name, def, asks } = this.#room(resolved);
    return ofBroker(this.#node, "look at a room", async () => {
      const { broker } = this.#node;
      const [asked, spectators] = await Promise.all([
        asks.ask(name, { is: "info" }, SOON),
        this.#spectators(name),
      ]);
      const status = await asks.status(name);
      const about = aboutOf(name, def, status);
      switch (asked.is) {
        case "none":
          return { ...about, status: "none", spectators };
        case "closed":
          return { ...about, reason: asked.reason, status: "closed", spectators };
        case "stopped":
          return stoppedOf(broker, about, status.stuck, spectators);
        case "answered": {
          const { info } = asked.answer;
          if (info !== undefined) return runningOf(about, info, spectators);
          throw whyNot(name, asked);
        }
        case "silent":
          // Nobody takes a room over that nobody plays in.
          if (await this.#isGone(status.reign?.node))
            return stoppedOf(broker, about, "its last server is gone", spectators);
          throw whyNot(name, asked);
        case "refused":
          throw whyNot(name, asked);
      }
    });
  }

  async send(resolved: ResolvedChannel, event: string, data: unknown, to: string | undefined): Promise<void> {
    const { name, def } = this.#room(resolved);
    const { events } = def.shape;
    const schema = Object.hasOwn(events, event) ? events[event] : undefined;
    if (schema === undefined) {
      const names = Object.keys(events).join(", ") || "none";
      throw new TidemarkError(
        "not_found",
        `${name} has no event ${JSON.stringify(event)}; there are: ${names}`,
      );
    }
    const json = encodeValue(event, await validate(schema, data), this.#node);
    const asked = await this.#ask(resolved, (under) => ({ is: "send", event, json, to, under }));
    if (isDone(asked)) return;
    // Who is in a room that nobody runs hears nothing, and of who may have been there nobody knows.
    if (asked.is === "stopped" && to === undefined) return;
    if (asked.is === "silent")
      throw new TidemarkError(
        "outcome_unknown",
        "the room did not answer in time; whoever is in it may have been told",
      );
    throw whyNot(name, asked);
  }

  async kick(resolved: ResolvedChannel, seat: string, reason: string | undefined): Promise<void> {
    const said = reason === undefined ? undefined : reasonOf(reason);
    const asked = await this.#ask(resolved, { is: "kick", seat, reason: said }, WAKING);
    if (!isDone(asked)) throw whyNot(resolved.name, asked);
  }

  async checkpoint(resolved: ResolvedChannel): Promise<void> {
    const asked = await this.#ask(resolved, { is: "checkpoint" });
    // One that nobody runs is as it was saved.
    if (!isDone(asked) && asked.is !== "stopped") throw whyNot(resolved.name, asked, "too_large");
  }

  /** Ends it, whether somebody runs it or not; one that has ended stays as it is. */
  async close(resolved: ResolvedChannel, reason: string = CLOSED): Promise<void> {
    const { name } = this.#room(resolved);
    const { clock, broker, random } = this.#node;
    const said = reasonOf(reason);
    const until = clock.monotonic() + WAKE_MS;
    for (;;) {
      const asked = await this.#ask(resolved, { is: "close", reason: said }, SOON);
      if (isDone(asked) || asked.is === "closed") return;
      if (asked.is !== "stopped" && asked.is !== "silent") throw whyNot(name, asked);
      const closed = await ofBroker(this.#node, "end a room", () =>
        closeStopped({ broker, random, ttl: this.#ttl }, name, said),
      );
      if (closed === "closed") return;
      if (clock.monotonic() >= until) throw whyNot(name, asked);
      await this.#sleep(HELD_MS);
    }
  }

  /**
   * Lifts what keeps it from being run: that its servers died of it, or seem to (R9). One that runs is vouched for. Then it goes on where it
   * was saved last, when somebody comes.
   */
  async revive(resolved: ResolvedChannel): Promise<void> {
    const { name, asks, rooms } = this.#room(resolved);
    const until = this.#node.clock.monotonic() + WAKE_MS;
    for (;;) {
      const { reign, closed } = await ofBroker(this.#node, "look at a room", () => asks.status(name));
      if (reign === undefined) throw whyNot(name, { is: "none" });
      const revived = await ofBroker(this.#node, "revive a room", () => rooms.revive(name));
      if (revived === "revived" || revived === "sound") return;
      if (revived === "over") throw whyNot(name, { is: "closed", reason: closed?.reason });
      // Another node runs it, or did, and its reign is not over.
      const asked = await this.#ask(resolved, { is: "vouch" }, SOON);
      if (isDone(asked)) return;
      if (this.#node.clock.monotonic() >= until) throw whyNot(name, asked);
      await this.#sleep(HELD_MS);
    }
  }

  /** Answers nobody any more, and waits for nobody. */
  shut(): void {
    this.#survey.close();
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#node.clock.setTimeout(resolve, ms);
    });
  }

  /** Rejects with `wrong_kind`, and with `unavailable` where the broker does not answer. */
  async #ask(
    resolved: ResolvedChannel,
    ask: Ask | ((reign: string) => Ask),
    options: AskOptions = {},
  ): Promise<AskedOwner> {
    const { name, asks } = this.#room(resolved);
    return ofBroker(this.#node, "ask a room", () => asks.ask(name, ask, options));
  }

  /** @throws {TidemarkError} `wrong_kind` */
  #room(resolved: ResolvedChannel): {
    readonly name: string;
    readonly def: RoomDef;
    readonly asks: OwnerAsks;
    readonly rooms: Rooms;
  } {
    const def = mustBeRoom(resolved);
    const { name } = resolved;
    if (this.#part === undefined) throw new TypeError(`${name} is a room, and this server runs none`);
    const { asks, rooms } = this.#part;
    return { name, def, asks, rooms };
  }

  async #spectators(channel: string): Promise<number> {
    // Names that begin so are as few as the page is long, and this is the first of them.
    const page = { prefix: channel, after: "", limit: 1 };
    const { answers } = await this.#survey.ask(page);
    const parts = answers.flatMap((answer) => answer.parts);
    return parts.reduce((sum, part) => sum + (part.channel === channel ? part.spectators : 0), 0);
  }

  async #isGone(node: string | undefined): Promise<boolean> {
    const nodes = await this.#node.broker.nodes();
    return !nodes.some(({ id }) => id === node);
  }
}

/** For what there is another way for where the owner does not answer. */
const SOON: AskOptions = { patience: 2000 };
const WAKING: AskOptions = { wake: true, patience: WAKE_MS };

export const NO_ROOMS: AppRoomsStats = {
  owned: 0,
  players: 0,
  spectators: 0,
  tickTime: 0,
  ticks: 0,
  ticksLate: 0,
  takeovers: 0,
};

function isDone(asked: AskedOwner): boolean {
  return asked.is === "answered" && asked.answer.code === "ok";
}

/** @throws {TidemarkError} `bad_request` */
function reasonOf(reason: unknown): string {
  try {
    return checkedReason(reason);
  } catch (error) {
    if (isFault(error, "bad_reason")) throw new TidemarkError("bad_request", error.message, { cause: error });
    throw error;
  }
}
