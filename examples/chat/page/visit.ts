/** One visit under one name: a connection, and the rooms in this user's list, one of which is shown. */
import { connect, type Client, type TransportName } from "tidemark/client";
import type { ChatApp } from "../server.js";
import type { Status } from "./banner.js";
import { tokenOf, type Identity } from "./identity.js";
import { Room, type RoomServices } from "./room.js";

export interface VisitEvents {
  /** Something changed that is to be seen. */
  readonly onChange: () => void;
  /** A message of somebody else's came into a room. */
  readonly onNew: (room: Room) => void;
}

export class Visit {
  readonly me: Identity;
  readonly #services: RoomServices;
  readonly #events: VisitEvents;
  readonly #client: Client<ChatApp>;
  /** The rooms in the list, and those that were left with messages on their way. */
  readonly #rooms = new Map<string, Room>();
  #listed: readonly string[] = [];
  #shown: Room;
  #wasOnline = false;

  constructor(
    me: Identity,
    room: string,
    listed: readonly string[],
    services: RoomServices,
    events: VisitEvents,
  ) {
    this.me = me;
    this.#services = services;
    this.#events = events;
    this.#client = connect<ChatApp>("../connect", { token: tokenOf(me) });
    services.images.use(this.#client);
    this.#client.on("status", (status) => {
      if (status === "online") {
        this.#wasOnline = true;
        for (const each of this.#rooms.values()) each.online();
      }
      events.onChange();
    });
    this.#shown = this.#open(room);
    this.list(listed);
  }

  get room(): Room {
    return this.#shown;
  }

  /** The rooms in the list, in its order, as far as they are open. */
  get rooms(): readonly Room[] {
    return this.#listed.flatMap((name) => this.#rooms.get(name) ?? []);
  }

  get status(): Status {
    return this.#client.status;
  }

  /** How it is connected, or is trying to be. */
  get transport(): TransportName {
    return this.#client.transport;
  }

  /** Whether there has been a connection at all. */
  get wasOnline(): boolean {
    return this.#wasOnline;
  }

  /** The rooms that one is in, so as to know what is new in them; the others are left, once all is sent. */
  list(rooms: readonly string[]): void {
    this.#listed = rooms;
    for (const name of rooms) this.#open(name);
    this.#leaveIdle();
  }

  /** Shows another room. */
  enter(name: string): void {
    this.#shown = this.#open(name);
    this.#leaveIdle();
  }

  /** The same visit under another name; messages that wait go along. */
  renamed(me: Identity): Visit {
    const next = new Visit(me, this.#shown.name, this.#listed, this.#services, this.#events);
    for (const room of this.#rooms.values()) {
      if (room.busy) next.#open(room.name).takeOver(room.timeline);
    }
    this.close();
    return next;
  }

  close(): void {
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    this.#client.close();
  }

  #open(name: string): Room {
    const existing = this.#rooms.get(name);
    if (existing !== undefined) return existing;
    const room = new Room(this.#client, name, this.me, this.#services, {
      onChange: () => {
        this.#leaveIdle();
        this.#events.onChange();
      },
      onNew: () => this.#events.onNew(room),
    });
    this.#rooms.set(name, room);
    return room;
  }

  #leaveIdle(): void {
    for (const [name, room] of this.#rooms) {
      if (room === this.#shown || room.busy || this.#listed.includes(name)) continue;
      this.#rooms.delete(name);
      room.close();
    }
  }
}
