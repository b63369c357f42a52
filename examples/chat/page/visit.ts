/** One visit under one name: a connection, the room that is shown, and rooms that still have something to send. */
import { connect, type Client } from "tidemark/client";
import type { ChatApp } from "../server.js";
import type { Status } from "./banner.js";
import { tokenOf, type Identity } from "./identity.js";
import { Room } from "./room.js";

export interface VisitEvents {
  /** Something changed that is to be seen. */
  readonly onChange: () => void;
  /** A message of somebody else's came into the room that is shown. */
  readonly onNew: () => void;
}

export class Visit {
  readonly me: Identity;
  readonly #events: VisitEvents;
  readonly #client: Client<ChatApp>;
  /** The room that is shown, and those left with messages on their way. */
  readonly #rooms = new Map<string, Room>();
  #shown: Room;
  #wasOnline = false;

  constructor(me: Identity, room: string, events: VisitEvents) {
    this.me = me;
    this.#events = events;
    this.#client = connect<ChatApp>("../connect", { token: tokenOf(me) });
    this.#client.on("status", (status) => {
      if (status === "online") {
        this.#wasOnline = true;
        this.#shown.online();
      }
      events.onChange();
    });
    this.#shown = this.#open(room);
  }

  get room(): Room {
    return this.#shown;
  }

  get status(): Status {
    return this.#client.status;
  }

  /** Whether there has been a connection at all. */
  get wasOnline(): boolean {
    return this.#wasOnline;
  }

  /** Shows another room. One is only there where one looks: the last room is left, once all is sent. */
  enter(name: string): void {
    if (name === this.#shown.name) return;
    this.#shown = this.#open(name);
    this.#leaveIdle();
  }

  /** The same visit under another name; messages that wait go along. */
  renamed(me: Identity): Visit {
    const next = new Visit(me, this.#shown.name, this.#events);
    for (const room of this.#rooms.values()) {
      if (room.busy) next.#open(room.name).takeOver(room.timeline.pending);
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
    const room = new Room(this.#client, name, this.me, {
      onChange: () => {
        this.#leaveIdle();
        this.#events.onChange();
      },
      onNew: () => {
        if (room === this.#shown) this.#events.onNew();
      },
    });
    this.#rooms.set(name, room);
    return room;
  }

  #leaveIdle(): void {
    for (const [name, room] of this.#rooms) {
      if (room === this.#shown || room.busy) continue;
      this.#rooms.delete(name);
      room.close();
    }
  }
}
