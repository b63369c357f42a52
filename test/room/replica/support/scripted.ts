/** An owner that does what a test says: its tables are those of a world that does anything. */
import type { Reign } from "../../../../src/broker/index.js";
import { encodeKeyframe, encodeTick } from "../../../../src/room/ticks.js";
import { encodeReign, REIGN, roomLogOptions } from "../../../../src/server/kinds/room/owner/room-log.js";
import type { Batch, Keyframe, Request } from "../../../../src/server/kinds/room/messages.js";
import {
  encodeSignal,
  type ShownSeat,
  type TickMessage,
} from "../../../../src/server/kinds/room/tick-message.js";
import type { World } from "../../encoding/support/world.js";
import { CHANNEL, type TestNode } from "./nodes.js";

export class ScriptedOwner {
  readonly node: TestNode;
  readonly world: World;
  readonly seats = new Map<string, ShownSeat>();
  name = "";
  #reign: Reign | undefined;
  #came: ShownSeat[] = [];
  #told: number;
  #n = 0;

  constructor(node: TestNode, world: World) {
    this.node = node;
    this.world = world;
    this.#told = world.tick;
    node.mail.listen((item, from) => {
      if (item.is === "batch") this.#take(item, from);
    });
  }

  /** Takes the room, under another name than before. */
  async reign(): Promise<void> {
    const { broker } = this.node;
    await this.#reign?.release();
    const options = roomLogOptions();
    const request = { ttl: 60_000, secret: `secret ${++this.#n}`, note: broker.node };
    const reign = await broker.reign(CHANNEL, request, options);
    if (!("token" in reign)) throw new Error("somebody else reigns");
    this.#reign = reign;
    this.name = `reign${String(this.#n).padStart(3, "0")}`;
    const { epochs } = await broker.readSlots(CHANNEL, { slots: [] }, options);
    const data = encodeReign({
      name: this.name,
      n: this.#n,
      node: broker.node,
      tick: this.world.tick,
      short: 0,
      alone: false,
      released: false,
      next: undefined,
      epoch: epochs.at(-1)?.epoch ?? "",
    });
    const key = { scope: "script", id: `${this.name}`, print: 0 };
    await broker.change(CHANNEL, [{ key, reign: reign.token, changes: [{ slot: REIGN, data }] }], options);
  }

  /** Lets the world go on, and tells it. */
  async tick(): Promise<void> {
    this.world.step();
    await this.node.broker.signal(CHANNEL, [{ slot: "room", data: encodeSignal(this.next()) }]);
  }

  /** What has come since it was told last. */
  next(): TickMessage {
    const { stores, tick } = this.world;
    const prev = this.#told;
    const came = this.#came;
    this.#told = tick;
    this.#came = [];
    return {
      is: "tick",
      reign: this.name,
      prev,
      tick,
      acks: [],
      came,
      went: [],
      here: [],
      sends: [],
      skipped: 0,
      closed: undefined,
      change: encodeTick(stores, prev, tick),
    };
  }

  #take({ requests }: Batch, from: string): void {
    for (const request of requests) this.#answer(request, from);
  }

  #answer({ id, ask }: Request, from: string): void {
    const { mail } = this.node;
    if (ask.is === "keyframe") return mail.post(from, this.#keyframe(id));
    if (ask.is === "join" && !this.seats.has(ask.seat)) {
      const seat = { id: ask.seat, user: ask.user, join: ask.join, here: true };
      this.seats.set(ask.seat, seat);
      this.#came.push(seat);
    }
    mail.post(from, { is: "answer", channel: CHANNEL, id, code: "ok", last: 0, reason: undefined });
  }

  #keyframe(id: string): Keyframe {
    const { stores } = this.world;
    // As of what was told: seats that have come since are told with the next tick.
    const seats = [...this.seats.values()].filter((seat) => !this.#came.includes(seat));
    const bytes = encodeKeyframe(stores, this.#told);
    return {
      is: "keyframe",
      channel: CHANNEL,
      id,
      reign: this.name,
      tick: this.#told,
      seats,
      acks: [],
      bytes,
    };
  }
}
