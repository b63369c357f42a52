/** The server without sockets, in virtual time: connections are links that the test holds the other end of. */
import { createMemoryHub, type Broker, type MemoryHub, type Payload } from "../../../src/broker/index.js";
import {
  CLOSE_CODES,
  readBinaryLines,
  splitTextLines,
  type CloseName,
  type ChannelTypes,
} from "../../../src/protocol/index.js";
import type { RoomDefinition } from "../../../src/room/shape.js";
import type { Channel } from "../../../src/server/channels/define.js";
import { ChannelRegistry } from "../../../src/server/channels/registry.js";
import type { MethodDef } from "../../../src/server/channels/methods.js";
import type { Connection } from "../../../src/server/connection/connection.js";
import { DEFAULT_BUDGET, type BudgetOptions } from "../../../src/server/delivery/budget.js";
import type { Link } from "../../../src/server/connection/link.js";
import type { ConnectionLimits, Hooks } from "../../../src/server/connection/node.js";
import { Engine } from "../../../src/server/engine.js";
import type { Chunk } from "../../../src/server/delivery/chunk.js";
import { DEFAULT_LIMITS, type Logger } from "../../../src/server/index.js";
import { VirtualClock, seededRandom } from "../../../src/testing/index.js";
import { textFrame } from "../../../src/testing/text-frame.js";
import type { Line } from "./client.js";
import { listeningLogger } from "./serve.js";

/** A room, whoever its users are. */
export type RoomChannel = Pick<RoomDefinition, "kind" | "def">;

export interface WorldOptions {
  readonly limits?: Partial<ConnectionLimits>;
  readonly budget?: Partial<BudgetOptions>;
  readonly hooks?: Partial<Hooks>;
  readonly methods?: Readonly<Record<string, MethodDef["run"]>>;
  /** Puts something between the server and its broker. */
  readonly broker?: (broker: Broker, clock: VirtualClock) => Broker;
  /** Another node, whose hub this one is on too. Its clock is one of its own, in the same passing time. */
  readonly beside?: World;
}

/** One server, one broker, and a clock that stands still until it is told. */
export class World {
  readonly clock: VirtualClock;
  readonly hub: MemoryHub;
  /** What the server was given. */
  readonly broker: Broker;
  /** Another node's broker, for what happens elsewhere. */
  readonly elsewhere: Broker;
  readonly log: Logger & ReturnType<typeof listeningLogger> = listeningLogger();
  readonly engine: Engine;

  constructor(
    channels: Readonly<Record<string, Channel<never, never, ChannelTypes> | RoomChannel>>,
    options: WorldOptions = {},
  ) {
    const { beside } = options;
    const clock = (this.clock = beside?.clock.another() ?? new VirtualClock());
    const random = seededRandom(beside === undefined ? 11 : 12);
    const given = { ...DEFAULT_LIMITS, ...options.limits };
    this.hub = beside?.hub ?? createMemoryHub({ clock, random });
    this.elsewhere = this.hub.broker();
    const broker = this.hub.broker();
    this.broker = options.broker?.(broker, clock) ?? broker;
    this.engine = new Engine({
      clock,
      random,
      broker: this.broker,
      log: this.log,
      registry: new ChannelRegistry(Object.entries(channels).map(([pattern, { def }]) => [pattern, def])),
      methods: new Map(
        Object.entries(options.methods ?? {}).map(([name, run]) => [name, { input: undefined, run }]),
      ),
      hooks: { authenticate: undefined, onConnect: undefined, onDisconnect: undefined, ...options.hooks },
      limits: { ...given, binary: options.limits?.binary ?? given.message },
      budget: { ...DEFAULT_BUDGET, ...options.budget },
    });
  }

  /** A client whose transport is open. */
  dial(): Peer {
    return new Peer(this);
  }

  /** A client that is connected. */
  async connect(command: Record<string, unknown> = {}): Promise<Peer> {
    const peer = this.dial();
    await peer.ask({ connect: command });
    return peer;
  }

  /** Appends as another node would; gives the offset. `count` is how many the log keeps. */
  async append(channel: string, data: Payload, count = 1000, meta?: string): Promise<number> {
    const retain = count === 0 ? undefined : { count };
    const key = { scope: "elsewhere", id: `${Math.random()}`, print: 0 };
    const draft = meta === undefined ? { data, key } : { data, key, meta };
    const [appended] = await this.elsewhere.append(channel, [draft], {
      keeping: { by: "entries", retain },
      dedupe: 300_000,
    });
    if (appended === undefined || !("offset" in appended)) throw new Error("not appended");
    return appended.offset;
  }
}

/** The other end of a link. It reads as fast as the test says. */
export class Peer implements Link {
  readonly lines: Line[] = [];
  readonly frames: string[] = [];
  readonly closed: { name: CloseName; code: number; reason: string }[] = [];
  readonly connection: Connection;
  terminated = false;
  paused = false;
  pings = 0;
  answersPings = true;
  /** While true, what is written stays unsent. */
  stuck = false;
  unsent = 0;
  /** The most that was ever unsent. */
  mostUnsent = 0;
  /** Each chunk that was written as it was shared. */
  readonly shared: Chunk[] = [];
  readonly #world: World;
  #waiting: (() => void)[] = [];
  #ids = 1000;

  constructor(world: World) {
    this.#world = world;
    this.connection = world.engine.accept(this, { headers: {}, url: "/connect", ip: "192.0.2.1" });
  }

  write(chunks: readonly Chunk[]): void {
    this.frames.push(chunks.map((chunk) => chunk.text ?? "binary").join("\n"));
    for (const chunk of chunks) this.#read(chunk);
    this.#written(chunks);
  }

  writeShared(chunk: Chunk): void {
    this.shared.push(chunk);
    this.frames.push(chunk.text ?? "binary");
    this.#read(chunk);
    this.#written([chunk]);
  }

  whenDrained(run: () => void): void {
    if (this.unsent === 0) this.#world.clock.setImmediate(run);
    else this.#waiting.push(run);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  ping(at: number): void {
    this.pings++;
    // As a library does, if it is there and being listened to.
    if (this.answersPings && !this.paused && !this.stuck) this.connection.alive(at);
  }

  close(name: CloseName, reason: string): void {
    this.closed.push({ name, code: CLOSE_CODES[name].code, reason });
    this.connection.transportClosed(reason, false);
  }

  terminate(): void {
    this.terminated = true;
  }

  /** Everything that was unsent has been read. */
  drain(): void {
    this.unsent = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  send(...lines: unknown[]): void {
    this.connection.alive();
    this.connection.receiveText(
      ...textFrame(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")),
    );
  }

  /** Sends a command and lets everything run that does not need time. */
  async ask(command: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = ++this.#ids;
    this.send({ id, ...command });
    await this.#world.clock.settle();
    return this.answer(id);
  }

  /** The answer to the command with this id, `{}` when there is none yet. */
  answer(id: number): Record<string, unknown> {
    const index = this.lines.findIndex((line) => "id" in line && line.id === id);
    if (index < 0) return {};
    const line = this.lines.splice(index, 1)[0] as Record<string, unknown>;
    return "ok" in line ? (line["ok"] as Record<string, unknown>) : { error: line["error"] };
  }

  /** Payloads of all messages so far, in order. */
  get payloads(): unknown[] {
    return this.lines
      .filter((line): line is readonly unknown[] => Array.isArray(line))
      .map((line) => line[2]);
  }

  get events(): Readonly<Record<string, unknown>>[] {
    return this.lines.filter((line): line is Readonly<Record<string, unknown>> => "event" in line);
  }

  #written(chunks: readonly Chunk[]): void {
    if (!this.stuck) return;
    for (const chunk of chunks) this.unsent += chunk.size;
    this.mostUnsent = Math.max(this.mostUnsent, this.unsent);
  }

  #read(chunk: Chunk): void {
    const lines = chunk.text === undefined ? readBinaryLines(chunk.toBinary()) : splitTextLines(chunk.text);
    for (const { value, bytes } of lines) {
      if (bytes !== undefined && Array.isArray(value)) this.lines.push([value[0], value[1], bytes, value[3]]);
      else if (bytes === undefined) this.lines.push(value as Line);
      else this.lines.push({ ...(value as object), content: bytes });
    }
  }
}
