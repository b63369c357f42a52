/** A client that plays in a room, and a server of that room over a link that takes time, in virtual time. */
import { room, type Shape } from "tidemark/room";
import { play, type GameOf, type PlayOptions } from "tidemark/room/client";
import { seededRandom } from "tidemark/testing";
import * as z from "zod";
import { writeBinaryLine, type ErrorBody, type Random } from "../../../src/protocol/index.js";
import { shapeName } from "../../../src/room/shape-name.js";
import { World, type Link, type Sent } from "../world.js";
import { INTERVAL, ModelRoom, move, player, players, RATE, type Keys } from "./model-room.js";

export const CHANNEL = "arena/1";
export const SEAT = "seat-of-me";
/** How often each side looks at what has come, in milliseconds. */
const LOOK_MS = 5;

export const arena = room({
  rate: RATE,
  match: ["mode"],
  join: z.object({ name: z.string() }),
  input: z.custom<Keys>(),
  events: { kill: z.object({ by: z.string() }) },
  state: { players },
});
type Arena = typeof arena extends Shape<infer P> ? P : never;

export interface Times {
  readonly seed?: number;
  /** Milliseconds each way, and how much more or less. */
  readonly delay?: number;
  readonly jitter?: number;
}

/** What the client says of itself when it subscribes. */
export type Wanted = Readonly<Record<string, unknown>>;

/** One room on one server, whose only player is that of these tests. */
export class PlayServer {
  readonly world: World;
  room = new ModelRoom(SEAT);
  reign = "reign-a";
  /** All that a subscribe command said, each time. */
  readonly wanted: Wanted[] = [];
  /** Inputs as they came, sent again or not. */
  readonly inputs: (readonly [n: number, input: Keys, seen: number | undefined])[] = [];
  /** Other commands. */
  readonly commands: Sent[] = [];
  /** What a subscribe is answered with in place of a seat. */
  refusal: Partial<ErrorBody> | undefined;
  /** Whether the client can connect. */
  isOpen = false;
  /** Whether ticks are told; whether the room runs at all. */
  tells = true;
  runs = true;
  /** Which inputs are refused. */
  refuses: (n: number) => Partial<ErrorBody> | undefined = () => undefined;
  /** What is more in the answer to a subscribe. */
  answer: object = {};
  /** What becomes of a frame before it is sent. */
  spoil: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  readonly #random: Random;
  readonly #delay: number;
  readonly #jitter: number;
  #link: Link | undefined;
  #ch = 0;
  #isOn = false;
  #isSeated = false;
  #last = 0;
  #gap: object | undefined;
  readonly #busyUntil = { up: 0, down: 0 };

  constructor({ seed = 1, delay = 0, jitter = 0 }: Times = {}, world = new World()) {
    this.world = world;
    this.#random = seededRandom(seed);
    this.#delay = delay;
    this.#jitter = jitter;
    this.room.players.set(SEAT, player(1000, 1000, { name: "me" }));
    this.#look();
    this.#tick();
  }

  get ch(): number {
    return this.#ch;
  }

  /** Lets the client connect, and waits until it does. */
  async open(): Promise<void> {
    this.isOpen = true;
    for (let tries = 0; this.#link === undefined && tries < 1000; tries++) await this.world.pass(LOOK_MS);
  }

  /** The connection breaks, and the client can come back after so long. */
  async cut(ms = 0): Promise<void> {
    const { link } = this.world;
    this.isOpen = false;
    this.#link = undefined;
    if (!link.closed) link.cut();
    await this.world.pass(ms);
    await this.open();
  }

  /** Another owner takes over, from a checkpoint of this tick. */
  takeOver(tick: number, reason: "epoch" | "rollback", last = this.room.ack): void {
    const before = this.room;
    this.room = new ModelRoom(SEAT, move, last);
    this.room.tick = tick;
    for (const [key, row] of before.players) this.room.players.set(key, { ...row });
    this.#last = Math.min(this.#last, last);
    const gap = { event: "gap", ch: this.#ch, after: before.tick, until: 0, epoch: `${this.reign}+`, reason };
    this.reign = gap.epoch;
    this.say(gap);
  }

  /** Says something as a line, behind all that was said. */
  say(...values: unknown[]): void {
    this.#down((link) => link.say(...values));
  }

  #look(): void {
    const newest = this.world.links.at(-1);
    if (this.isOpen && newest && !newest.closed && newest !== this.#link) {
      this.#link = newest;
      this.#isOn = this.#isSeated = false;
      newest.open();
    }
    const link = this.#link;
    if (link)
      for (const value of link.take()) this.#later("up", () => link === this.#link && this.#hear(value));
    this.world.clock.setTimeout(() => this.#look(), LOOK_MS);
  }

  #hear(value: Sent | unknown[]): void {
    if (Array.isArray(value)) {
      const [ch, n, input, seen] = value as [number, number, Keys, number | undefined];
      if (ch !== this.#ch || !this.#isOn || !this.#isSeated)
        throw new Error(`an input that closes: ${JSON.stringify(value)}`);
      this.#take(n, input, seen);
    } else if ("connect" in value) {
      const { subs } = value["connect"] as { readonly subs: Readonly<Record<string, Wanted>> };
      const results = Object.entries(subs).map(([name, wants]) => [name, this.#admit(wants)]);
      const ok = { client: "c", durability: "memory", ping: 25_000, subs: Object.fromEntries(results) };
      this.#answer({ id: value.id, ok });
    } else if ("subscribe" in value) {
      const result = this.#admit(value) as { readonly error?: object };
      this.#answer({ id: value.id, ...("error" in result ? result : { ok: result }) });
    } else {
      this.commands.push(value);
      if ("unsubscribe" in value) this.#isOn = this.#isSeated = false;
      if (value.id !== undefined) this.say({ id: value.id, ok: {} });
    }
  }

  /** With the gap that comes behind it, where there is one. */
  #answer(answer: object): void {
    this.say(answer);
    if (this.#gap) this.say(this.#gap);
    this.#gap = undefined;
  }

  #admit(wants: Wanted): object {
    this.wanted.push(wants);
    if (this.refusal) return { error: { message: "no", retry: false, ...this.refusal } };
    this.#ch++;
    this.#isOn = true;
    this.#isSeated = "join" in wants;
    this.room.anew();
    // One who has a cursor hears it again; one who has none may hear none, where nobody runs the room yet.
    const { cursor } = wants;
    const [reign, tick = 0] = (typeof cursor === "string" ? cursor : "").split(":");
    const about = {
      ch: this.#ch,
      kind: "room",
      ...(cursor !== undefined && { cursor }),
      rate: RATE,
      shape: shapeName(arena),
    };
    if (reign !== this.reign) {
      this.#gap = {
        event: "gap",
        ch: this.#ch,
        after: Number(tick),
        until: 0,
        epoch: this.reign,
        reason: "epoch",
      };
    }
    return { ...about, ...(this.#isSeated && { seat: SEAT, last: this.#last }), ...this.answer };
  }

  #take(n: number, input: Keys, seen: number | undefined): void {
    this.inputs.push([n, input, seen]);
    if (n <= this.#last) return;
    this.#last = n;
    const refused = this.refuses(n);
    if (refused) this.say({ event: "refused", ch: this.#ch, n, message: "no", ...refused });
    else this.room.offer({ number: n, input, at: 0 });
  }

  #tick(): void {
    this.world.clock.setTimeout(() => this.#tick(), INTERVAL);
    if (!this.runs) return;
    this.room.advance();
    if (!this.#isOn || !this.tells) return;
    const { tick, bytes } = this.room.frame();
    const frame = this.spoil(bytes);
    const line = `[${this.#ch},${tick},null,{"bytes":${frame.length}}]`;
    this.#down((link) => link.sayBytes(writeBinaryLine(line, frame)));
  }

  #down(tell: (link: Link) => void): void {
    const link = this.#link;
    this.#later("down", () => link && link === this.#link && tell(link));
  }

  #later(way: "up" | "down", run: () => void): void {
    const { clock } = this.world;
    const now = clock.monotonic();
    const due = now + this.#delay + (this.#random.float() * 2 - 1) * this.#jitter;
    this.#busyUntil[way] = Math.max(this.#busyUntil[way], due);
    clock.setTimeout(run, this.#busyUntil[way] - now);
  }
}

export const OPTIONS = { join: { name: "me" }, seatSecret: "a-secret-of-this-test" } as const;

/** The client asks to play. */
export function ask(
  server: PlayServer,
  options: PlayOptions<Arena> = OPTIONS,
): Promise<GameOf<typeof arena>> {
  return play(server.world.client, arena, CHANNEL, options);
}

/** A game that has begun. */
export async function begun(
  server = new PlayServer(),
  options: PlayOptions<Arena> = { ...OPTIONS, predict: { players: move } },
): Promise<GameOf<typeof arena>> {
  const asked = ask(server, options);
  await server.open();
  await server.world.pass(1000);
  return asked;
}
