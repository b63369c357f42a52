/** A player as its node has it, in its simplest form: it asks again until it is answered, and looks for the owner where it hears none. */
import { Replica } from "../../../../src/room/replica.js";
import type { Answer, Ask, LetterItem, Request } from "../../../../src/server/kinds/room/messages.js";
import {
  decodeSignal,
  type RoomSignal,
  type TickMessage,
} from "../../../../src/server/kinds/room/tick-message.js";
import type { RoomDef } from "../../../../src/room/shape.js";
import type { TestNode } from "./cluster.js";

/** How often it looks what it has to send again, in milliseconds. */
const AGAIN_MS = 100;
/** After so long without a sign of the owner it looks for another one, in milliseconds. */
const SILENCE_MS = 400;

export interface SeenTick {
  readonly reign: string;
  readonly tick: number;
}

let ids = 0;

export class Player {
  readonly seat: string;
  readonly client: string;
  readonly node: TestNode;
  /** All ticks that were shown, in their order. */
  readonly ticks: SeenTick[] = [];
  readonly messages: TickMessage[] = [];
  /** Numbers of inputs that are acknowledged under the newest reign. */
  acked = 0;
  readonly answers: Answer[] = [];
  /** Connections of this seat that have lost it. */
  readonly lost: string[] = [];
  replica: Replica;
  reign: string | undefined;
  #owner: string | undefined;
  readonly #channel: string;
  readonly #def: RoomDef;
  #asked = new Map<string, Request>();
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  #inputs: [n: number, input: unknown][] = [];
  #n = 0;
  #joined: unknown;
  #isIn = false;
  #heard: number;
  #isLooking = false;
  #known = new Set<string>();
  #isStopped = false;

  constructor(node: TestNode, channel: string, seat: string, def: RoomDef) {
    this.node = node;
    this.seat = seat;
    this.client = `${seat}@${node.name}`;
    this.#channel = channel;
    this.#def = def;
    this.replica = new Replica(def.shape.state);
    this.#heard = node.process.clock.monotonic();
    node.mail.listen((item, from) => this.#read(item, from));
    const again = (): void => {
      if (this.#isStopped) return;
      this.#sendAll();
      node.process.clock.setTimeout(again, AGAIN_MS);
    };
    node.process.clock.setTimeout(again, AGAIN_MS);
  }

  async follow(): Promise<void> {
    await this.node.way.broker.follow(this.#channel, {
      onEntries: () => {},
      onSignals: (signals) => {
        for (const { data } of signals) if (typeof data === "object") this.#hear(decodeSignal(data));
      },
      onPresence: () => {},
      onReset: () => {},
    });
  }

  join(join: unknown = null, had = false): Promise<Answer> {
    this.#joined = join;
    return this.ask({
      is: "join",
      seat: this.seat,
      client: this.client,
      user: { id: this.seat },
      join,
      had,
      from: this.#from,
    }).then((answer) => {
      if (answer.code === "ok") this.#isIn = true;
      return answer;
    });
  }

  /** Asks until it is answered. */
  ask(ask: Ask): Promise<Answer> {
    const request = { id: `${this.client} ${++ids}`, ask };
    this.#asked.set(request.id, request);
    this.#sendAll();
    return new Promise((resolve) => this.#waiting.set(request.id, resolve));
  }

  /** Makes the next input. */
  input(input: unknown): number {
    this.#inputs.push([++this.#n, input]);
    this.#sendAll();
    return this.#n;
  }

  /** Tells it who owns the room. */
  meet(owner: string, reign: string): void {
    this.#follow(owner, reign);
  }

  /** No input with a lower number will come. */
  get #from(): number {
    return this.#inputs[0]?.[0] ?? this.#n + 1;
  }

  get unacked(): number {
    return this.#inputs.length;
  }

  stop(): void {
    this.#isStopped = true;
  }

  #sendAll(): void {
    const { mail, process } = this.node;
    if (this.#isStopped || process.state !== "running") return;
    const now = process.clock.monotonic();
    if (this.#owner === undefined || now - this.#heard > SILENCE_MS) this.#look();
    if (this.#owner === undefined || this.reign === undefined) return;
    mail.post(this.#owner, {
      is: "batch",
      channel: this.#channel,
      reign: this.reign,
      inputs: this.#isIn ? this.#inputs.map(([n, input]) => [this.seat, n, input, undefined]) : [],
      seen: [],
      requests: [...this.#asked.values()],
    });
  }

  /** Has somebody own the room. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { rooms, process } = this.node;
    rooms
      .place(this.#channel, this.reign === undefined ? {} : { was: this.reign })
      .then(
        ({ owner, reign }) => {
          if (owner !== undefined && reign !== undefined) this.#follow(owner, reign);
        },
        () => {},
      )
      .finally(() => {
        this.#isLooking = false;
        this.#heard = process.clock.monotonic();
      });
  }

  #follow(owner: string, reign: string): void {
    this.#owner = owner;
    if (reign === this.reign) return;
    this.reign = reign;
    this.#known.add(reign);
    this.#heard = this.node.process.clock.monotonic();
    this.replica = new Replica(this.#def.shape.state);
    // Told anew to each owner, by who has the seat.
    if (this.#isIn)
      void this.ask({ is: "here", seat: this.seat, client: this.client, from: this.#from }).then((answer) => {
        if (answer.code === "refused" && this.reign === reign) void this.join(this.#joined, true);
      });
    this.#askKeyframe();
  }

  #askKeyframe(): void {
    const id = `${this.client} ${++ids}`;
    this.#asked.set(id, { id, ask: { is: "keyframe" } });
    this.#sendAll();
  }

  #hear(signal: RoomSignal): void {
    if (signal.reign !== this.reign) {
      // Which one is later is in the log; a player of these tests asks whoever it may be.
      if (!this.#known.has(signal.reign)) this.#look();
      return;
    }
    this.#heard = this.node.process.clock.monotonic();
    if (signal.is === "alive") {
      if (signal.tick !== this.replica.tick) this.#askOnce();
      return;
    }
    for (const { seat, last } of signal.acks) if (seat === this.seat) this.#ack(last);
    if (this.replica.tick === signal.prev && this.replica.apply(signal.change) === "applied") {
      this.ticks.push({ reign: signal.reign, tick: signal.tick });
      this.messages.push(signal);
      if (signal.went.some(({ seat }) => seat === this.seat))
        this.#isIn = signal.came.some(({ id }) => id === this.seat);
    } else if (signal.tick > this.replica.tick) this.#askOnce();
  }

  #askOnce(): void {
    const isAsking = [...this.#asked.values()].some(({ ask }) => ask.is === "keyframe");
    if (!isAsking) this.#askKeyframe();
  }

  #ack(last: number): void {
    this.acked = last;
    this.#inputs = this.#inputs.filter(([n]) => n > last);
  }

  #read(item: LetterItem, from: string): void {
    if ("channel" in item && item.channel !== this.#channel) return;
    switch (item.is) {
      case "answer":
        if (!this.#asked.has(item.id)) return;
        if (item.code === "unavailable" || item.code === "room_moved") return this.#look();
        this.#asked.delete(item.id);
        this.answers.push(item);
        this.#waiting.get(item.id)?.(item);
        return;
      case "keyframe":
        if (!this.#asked.delete(item.id) || item.reign !== this.reign || item.tick < this.replica.tick)
          return;
        this.replica.apply(item.bytes);
        for (const { seat, last } of item.acks) if (seat === this.seat) this.#ack(last);
        this.ticks.push({ reign: item.reign, tick: item.tick });
        return;
      case "moved":
        if (item.reign === undefined) this.#look();
        else this.#follow(from, item.reign);
        return;
      case "taken":
        if (item.client === this.client) this.lost.push(item.client);
        return;
      default:
        return;
    }
  }

  /** Whether ticks went back without another reign, or to a reign of before. */
  faults(): string[] {
    const faults: string[] = [];
    const over = new Set<string>();
    for (const [at, { reign, tick }] of this.ticks.entries()) {
      const before = this.ticks[at - 1];
      if (before === undefined) continue;
      if (before.reign !== reign) {
        over.add(before.reign);
        if (over.has(reign)) faults.push(`${reign} after ${before.reign}`);
      } else if (tick < before.tick) faults.push(`tick ${tick} after ${before.tick} of ${reign}`);
    }
    return faults;
  }
}
