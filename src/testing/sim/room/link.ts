/** One connection of a client to a node, without sockets: what it sends and is sent goes through pipes, and may be slow, cut and lost. */
import { formatCursor, splitBinaryLines, type Cursor } from "../../../protocol/index.js";
import { Subscriber } from "../../../server/delivery/audience.js";
import { textChunk, type Chunk } from "../../../server/delivery/chunk.js";
import { Outgoing, type Sink } from "../../../server/delivery/outgoing.js";
import { TidemarkError } from "../../../server/errors.js";
import type { Player } from "../../../server/kinds/room/replica/player.js";
import type { RoomPlace } from "../../../server/kinds/room/replica/room-place.js";
import type { VirtualClock } from "../../virtual-clock.js";
import type { Pipe } from "../pipe.js";
import { pipesOf, type Conditions } from "../pipes.js";
import type { RoomFindings } from "./findings.js";
import { UNSENT, type NodeLife, type NodeLink } from "./node.js";
import type { SimInput } from "./schemas.js";

/** A peer of which nothing has come for so long is taken to be gone, in milliseconds. */
const SILENT_MS = 10_000;
const LOOK_MS = 3000;
/** Where one begins of whom no reign is known yet: it is told of the first one by a gap. */
const NOWHERE: Cursor = { epoch: "none", offset: 0 };
/** A way out may count itself empty once when a frame has just been put into it: then there is one more. */
const MOST_FRAMES = 1;
/** About as many bytes as a line of a client. */
const LINE_BYTES = 60;

/** What a client wants of a node. */
export interface Wish {
  readonly channel: string;
  /** Undefined: it looks on. */
  readonly seat: string | undefined;
  readonly user: string;
  readonly had: boolean;
  readonly cursor: Cursor | undefined;
  readonly budget: number | undefined;
}

/** Who is at the client's end. */
export interface LinkClient {
  onLine(link: RoomLink, line: unknown, bytes: Uint8Array | undefined): void;
  /** The seat was given, as the node has it: its client is told next. */
  onSeated(link: RoomLink): void;
  /** The connection has ended; nothing of it comes any more. */
  onGone(link: RoomLink): void;
}

export interface LinkOptions {
  readonly life: NodeLife;
  readonly clock: VirtualClock;
  readonly conditions: Conditions;
  readonly findings: RoomFindings;
  readonly wish: Wish;
  readonly client: LinkClient;
}

class LinkSink implements Sink {
  readonly #pipe: Pipe;
  readonly #options: LinkOptions;
  readonly #arrive: (chunk: Chunk) => void;
  /** How many frames it was given since its client had taken everything. */
  #frames = 0;

  constructor(pipe: Pipe, options: LinkOptions, arrive: (chunk: Chunk) => void) {
    this.#pipe = pipe;
    this.#options = options;
    this.#arrive = arrive;
  }

  get unsent(): number {
    return this.#pipe.unsent;
  }

  write(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) this.writeShared(chunk);
  }

  writeShared(chunk: Chunk): void {
    const { findings, wish } = this.#options;
    const pipe = this.#pipe;
    const isFrame = chunk.text === undefined;
    if (isFrame && this.#frames > MOST_FRAMES && pipe.unsent > 0 && !wish.channel.startsWith("wide"))
      findings.add("bounded memory", `R21: ${wish.user} is sent a frame, and has not taken those before`);
    pipe.put(chunk.size, () => this.#arrive(chunk));
    if (pipe.unsent > UNSENT.perConnection)
      findings.add("bounded memory", `${pipe.unsent} bytes wait for ${wish.user}`);
    if (!isFrame || pipe.unsent === 0) return;
    if (this.#frames++ === 0) pipe.whenDrained(() => (this.#frames = 0));
  }

  whenDrained(run: () => void): void {
    this.#pipe.whenDrained(() => this.#options.life.process.run(run));
  }
}

export class RoomLink implements NodeLink {
  readonly wish: Wish;
  readonly life: NodeLife;
  readonly #options: LinkOptions;
  readonly #up: Pipe;
  readonly #down: Pipe;
  readonly #out: Outgoing;
  #place: RoomPlace | undefined;
  #player: Player | undefined;
  #subscriber: Subscriber | undefined;
  /** The node has let go of it, or the client has. */
  #isGoneThere = false;
  #isGoneHere = false;
  #hasEntered = false;
  #heardThere: number;

  constructor(options: LinkOptions) {
    const { life, conditions, wish } = options;
    this.#options = options;
    this.life = life;
    this.wish = wish;
    const { up, down } = pipesOf(conditions);
    this.#up = up;
    this.#down = down;
    const sink = new LinkSink(down, options, (chunk) => this.#read(chunk));
    this.#out = new Outgoing(sink, life.flusher, life.budget, { abandon: (error) => life.failed(error) });
    this.#heardThere = life.clock.monotonic();
    life.links.add(this);
    this.#send(() => {
      this.#watch();
      void this.#begin();
    });
  }

  /** An input goes on its way. */
  input(n: number, input: SimInput, seen: number | undefined): void {
    this.#send(() => {
      const outcome = this.#player?.input(n, input, seen);
      if (typeof outcome === "object") this.#tell({ event: "refused", n, code: outcome.code });
    });
  }

  /** Its client has seen a tick. */
  saw(tick: number): void {
    this.#send(() => this.#player?.saw(tick));
  }

  ping(): void {
    this.#send(() => this.#tell({}));
  }

  /** Gives the seat up. */
  leave(): void {
    this.#send(() => {
      const player = this.#player;
      if (player === undefined) return;
      this.#player = undefined;
      player.leave().then(
        () => this.#tell({ left: true }),
        () => this.#tell({ left: false }),
      );
    });
  }

  /** The client lets go of it; the node hears of that after so many milliseconds. */
  drop(ms: number): void {
    if (this.#isGoneHere) return;
    this.#isGoneHere = true;
    this.#up.cut();
    this.#down.cut();
    this.#options.clock.setTimeout(() => this.life.process.run(() => this.#goneThere()), Math.max(1, ms));
  }

  nodeDied(silently: boolean): void {
    this.#isGoneThere = true;
    if (silently) {
      this.#down.lose();
      return;
    }
    this.#options.clock.setTimeout(() => this.#goneHere(), 20);
  }

  goAway(): void {
    this.#goneThere();
    this.#options.clock.setTimeout(() => this.#goneHere(), 5);
  }

  #send(arrive: () => void): void {
    if (this.#isGoneHere) return;
    this.#up.put(LINE_BYTES, () =>
      this.life.process.run(() => {
        if (this.#isGoneThere) return;
        this.#heardThere = this.life.clock.monotonic();
        arrive();
      }),
    );
  }

  /** On the node: somebody is there who wants to play or to look on. */
  async #begin(): Promise<void> {
    const { channel, seat } = this.wish;
    try {
      const place = await this.life.enter(channel);
      this.#hasEntered = true;
      this.#place = place;
      if (this.wish.cursor !== undefined) await place.start({ cursor: formatCursor(this.wish.cursor) });
      if (this.#isGoneThere) return this.life.leave(channel);
      if (seat === undefined) this.#look(place);
      else await this.#play(place, seat);
    } catch (error) {
      const code = error instanceof TidemarkError ? error.code : "unavailable";
      if (!(error instanceof TidemarkError)) this.life.failed(error);
      this.#tell({ error: code });
    }
  }

  #look(place: RoomPlace): void {
    const cursor = this.wish.cursor ?? place.beginning ?? NOWHERE;
    this.#tell({ ok: { cursor, last: 0 } });
    this.#subscriber = new Subscriber(this.#out, cursor, true);
    place.add(this.#subscriber);
  }

  async #play(place: RoomPlace, seat: string): Promise<void> {
    const { user, had, budget } = this.wish;
    const player = await place.join({
      seat,
      client: this.life.newName(),
      user: { id: user },
      join: null,
      had,
      onEnd: (why, reason) => this.#ended(why, reason),
    });
    if (this.#isGoneThere) {
      player.disconnect();
      return;
    }
    this.#player = player;
    if (player.hasEnded) return;
    this.#options.client.onSeated(this);
    const cursor = this.wish.cursor ?? place.beginning ?? NOWHERE;
    this.#tell({ ok: { cursor, last: player.edge.last } });
    this.#subscriber = new Subscriber(this.#out, cursor, true);
    player.begin(this.#subscriber, { cursor, budget });
  }

  #ended(why: string, reason: string | undefined): void {
    this.#player = undefined;
    this.#tell({ event: "unsubscribed", why, reason });
  }

  /** On the node: its connection has ended. */
  #goneThere(): void {
    if (this.#isGoneThere) return;
    this.#isGoneThere = true;
    this.life.links.delete(this);
    this.#player?.disconnect();
    if (this.#subscriber !== undefined && this.wish.seat === undefined)
      this.#place?.audience.delete(this.#subscriber);
    this.#out.close();
    if (this.#hasEntered) this.life.leave(this.wish.channel);
  }

  #goneHere(): void {
    if (this.#isGoneHere) return;
    this.#isGoneHere = true;
    this.#up.cut();
    this.#down.cut();
    this.#options.client.onGone(this);
  }

  #tell(line: unknown): void {
    if (!this.#isGoneThere) this.#out.offer(textChunk(JSON.stringify(line)));
  }

  #read(chunk: Chunk): void {
    if (this.#isGoneHere) return;
    for (const { value, bytes } of splitBinaryLines(chunk.toBinary()))
      this.#options.client.onLine(this, value, bytes);
  }

  /** On the node: looks whether the peer is there. */
  #watch(): void {
    this.life.clock.setTimeout(() => {
      if (this.#isGoneThere) return;
      if (this.life.clock.monotonic() - this.#heardThere > SILENT_MS) {
        this.#goneThere();
        this.#options.clock.setTimeout(() => this.#goneHere(), 1);
      } else this.#watch();
    }, LOOK_MS);
  }
}
