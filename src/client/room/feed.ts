import {
  type MessageFrame,
  type PartOwner,
  type RefusedInput,
  type SubscribeResult,
  formatCursor,
  joinPart,
} from "../../protocol/index.js";
import { FrameReader, type Frame } from "../../room/frame-reader.js";
import type { ShapeData } from "../../room/shape.js";
import { shapeName } from "../../room/shape-name.js";
import { TidemarkError } from "../errors.js";
import type { ChannelSubscription, ClientHost } from "../host.js";
import type { ClientKind } from "../kinds/kind.js";
import type { Gap, Sink } from "../sink.js";

/** Who is told of a room. */
export interface FeedListener {
  /** It is on, again: inputs can be sent. */
  readonly on: (seat: string | undefined, last: number) => void;
  readonly frame: (frame: Frame) => void;
  readonly event: (name: string, data: unknown) => void;
  readonly gap: (gap: Gap) => void;
  readonly refused: (refused: RefusedInput) => void;
  /** Nothing more comes. */
  readonly over: (error: TidemarkError) => void;
}

/** So many frames in a row may be unreadable: each costs a connection. */
const MOST_UNREADABLE = 3;

/** A channel's subscription as a room's player or spectator has it: over all connections, one after the other. */
export class RoomFeed {
  readonly #host: ClientHost;
  readonly #shape: ShapeData;
  readonly #wants: object;
  readonly #listener: FeedListener;
  readonly #sink: Sink;
  readonly #subscription: ChannelSubscription;
  /** Told of the size of all that comes. */
  readonly #came: (bytes: number) => void;
  readonly #parts: PartOwner = {};
  #reader: FrameReader;
  /** Where it is: the newest frame. */
  #cursor: string | undefined;
  #hasSeat = false;
  /** Whether it is asked for over HTTP. */
  #isOneWay = false;
  #unreadable = 0;
  #isOver = false;

  /**
   * @param wants what a subscribe command says of who wants what
   * @throws {TidemarkError} as `subscribe` of the host
   */
  constructor(
    host: ClientHost,
    {
      shape,
      channel,
      wants,
    }: { readonly shape: ShapeData; readonly channel: string; readonly wants: object },
    listener: FeedListener,
    came: (bytes: number) => void,
  ) {
    this.#host = host;
    this.#shape = shape;
    this.#wants = wants;
    this.#listener = listener;
    this.#came = came;
    this.#reader = new FrameReader(shape.state);
    this.#sink = this.#sinkOf();
    this.#subscription = host.subscribe(channel, this.#kindOf(), {});
    this.#subscription.add(this.#sink, {});
  }

  get channel(): string {
    return this.#subscription.name;
  }

  /** Sends a line, which has to say what the channel is called there; only while it is on. */
  line(write: (ch: number | string) => string): void {
    this.#subscription.line(write);
  }

  /** Gives it up, with the seat. Resolves when the server has said so; over HTTP, where nobody can, at once. */
  async leave(): Promise<void> {
    this.#isOver = true;
    try {
      if (this.#isOneWay) return;
      await this.#host.ask(`"unsubscribe":${JSON.stringify(this.channel)}`, true);
    } catch (error) {
      // It has ended by itself meanwhile, or had not begun.
      if (!(error instanceof TidemarkError && error.code === "not_subscribed")) throw error;
    } finally {
      this.close();
    }
  }

  /** The same, without waiting. */
  close(): void {
    this.#isOver = true;
    this.#subscription.remove(this.#sink);
  }

  #kindOf(): ClientKind {
    return {
      name: "room",
      send: this.#host.publish,
      compacted: {
        // Its place is a frame that was shown, and not what the server began with.
        options: (isTwoWay) => {
          this.#isOneWay = !isTwoWay;
          return { ...this.#wants, had: this.#hasSeat || undefined, cursor: this.#cursor };
        },
        on: (result) => this.#on(result),
        line: (message, size) => {
          if (!this.#isOver) this.#line(message, size);
          // The cursor is a frame's, and no message is for anybody else.
          return true;
        },
        // Who waits for a free seat wants to know it.
        ends: (code) => code === "room_full",
        event: (event) => {
          if (event.event === "refused") this.#listener.refused(event);
        },
      },
    };
  }

  #sinkOf(): Sink {
    return {
      message() {},
      tell: (about, value) => {
        if (about !== "gap" || this.#isOver) return;
        this.#parts.parts = undefined;
        this.#listener.gap(value as Gap);
      },
      failed: this.#host.report,
      over: (error) => this.#end(error),
    };
  }

  #on({ seat, last = 0, shape }: SubscribeResult): void {
    if (this.#isOver) return;
    const own = shapeName(this.#shape);
    if (shape !== own) {
      const message = `the server's shape of this room is ${shape}, and this one is ${own}: one of the two is older`;
      this.#end(new TidemarkError("wrong_shape", message, { channel: this.channel }));
      return;
    }
    this.#parts.parts = undefined;
    this.#hasSeat = seat !== undefined;
    this.#listener.on(seat, last);
  }

  /** Hot: once a frame. */
  #line(message: MessageFrame, size: number): void {
    this.#came(size);
    const [, tick, data, meta] = message;
    const { event } = (meta ?? {}) as { readonly event?: string };
    if (event !== undefined) {
      this.#listener.event(event, data);
      return;
    }
    const frame = this.#read(message, tick);
    if (!frame) return;
    const from = this.#subscription.cursor();
    this.#cursor = from && formatCursor({ epoch: from.epoch, offset: tick });
    this.#unreadable = 0;
    this.#listener.frame(frame);
  }

  /** A frame that is whole; undefined while there is more to come of it. */
  #read(message: MessageFrame, tick: number): Frame | undefined {
    try {
      const whole = joinPart({ value: message, bytes: message[2] as Uint8Array }, () => this.#parts);
      return whole?.bytes && this.#reader.read(whole.bytes, tick);
    } catch (error) {
      // On another connection everything comes anew, and the seat is kept; where that does not help, nothing will.
      this.#reader = new FrameReader(this.#shape.state);
      if (++this.#unreadable < MOST_UNREADABLE) throw error;
      this.#end(
        new TidemarkError("malformed", "its frames cannot be read", { channel: this.channel, cause: error }),
      );
      return undefined;
    }
  }

  #end(error: TidemarkError): void {
    if (this.#isOver) return;
    this.close();
    this.#listener.over(error);
  }
}
