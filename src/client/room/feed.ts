import {
  type MessageFrame,
  type PartOwner,
  type RefusedInput,
  formatCursor,
  joinPart,
} from "../../protocol/index.js";
import { FrameReader, type Frame } from "../../room/frame-reader.js";
import type { ShapeData } from "../../room/shape.js";
import { shapeName } from "../../room/shape-name.js";
import { TidemarkError, handlerError } from "../errors.js";
import type { ClientHost } from "../host.js";
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
  /** So many bytes have come. */
  readonly came: (bytes: number) => void;
  /** Nothing more comes. */
  readonly over: (error: TidemarkError) => void;
}

/** A channel's subscription as a room's player or spectator has it: over all connections, one after the other. */
export interface RoomFeed {
  /** Sends a line, which has to say what the channel is called there; only while it is on. */
  readonly line: (write: (ch: number | string) => string) => void;
  /** Gives it up, with the seat. Resolves when the server has said so; over HTTP, where nobody can, at once. */
  readonly leave: () => Promise<void>;
  /** The same, without waiting. */
  readonly close: () => void;
}

/** So many frames in a row may be unreadable: each costs a connection. */
const MOST_UNREADABLE = 3;

/**
 * @param wants what a subscribe command says of who wants what
 * @throws {TidemarkError} as `subscribe` of the host
 */
export function createFeed(
  host: ClientHost,
  shape: ShapeData,
  channel: string,
  wants: object,
  told: FeedListener,
): RoomFeed {
  const parts: PartOwner = {};
  let reader = new FrameReader(shape.state);
  /** Where it is: the newest frame. */
  let cursor: string | undefined;
  let had: true | undefined;
  /** Whether it is asked for over HTTP. */
  let isOneWay = false;
  let unreadable = 0;
  let isOver = false;

  const kind: ClientKind = {
    name: "room",
    send: host.publish,
    compacted: {
      // Its place is a frame that was shown, and not what the server began with.
      options(isTwoWay) {
        isOneWay = !isTwoWay;
        return { ...wants, had, cursor };
      },
      on({ seat, last = 0, shape: theirs }) {
        const own = shapeName(shape);
        if (isOver) return;
        if (theirs !== own) {
          end("wrong_shape", `the server has the shape ${theirs} of this room, and not ${own}: one is older`);
          return;
        }
        parts.parts = undefined;
        had = seat === undefined ? undefined : true;
        told.on(seat, last);
      },
      line(message, size) {
        if (!isOver) take(message, size);
        // The cursor is a frame's, and no message is for anybody else.
        return true;
      },
      told(what) {
        if ("event" in what && what.event === "refused") told.refused(what);
        // Who waits for a free seat wants to know it.
        return "code" in what && what.code === "room_full";
      },
    },
  };

  const sink: Sink = {
    message() {},
    tell(about, value) {
      if (about !== "gap" || isOver) return;
      parts.parts = undefined;
      told.gap(value as Gap);
    },
    failed: host.report,
    over,
  };

  const subscription = host.subscribe(channel, kind, {});
  subscription.add(sink, {});

  /** Hot: once a frame. */
  function take(message: MessageFrame, size: number): void {
    const [, tick, data, meta] = message;
    const { event } = (meta ?? {}) as { readonly event?: string };
    told.came(size);
    if (event !== undefined) {
      told.event(event, data);
      return;
    }
    const frame = read(message, tick);
    if (!frame) return;
    const from = subscription.cursor();
    cursor = from && formatCursor({ epoch: from.epoch, offset: tick });
    unreadable = 0;
    try {
      told.frame(frame);
    } catch (thrown) {
      // A step of the application's, which is no fault of the frame.
      host.report(handlerError(thrown));
    }
  }

  /** A frame that is whole; undefined while there is more to come of it. */
  function read(message: MessageFrame, tick: number): Frame | undefined {
    try {
      const whole = joinPart({ value: message, bytes: message[2] as Uint8Array }, () => parts);
      return whole?.bytes && reader.read(whole.bytes, tick);
    } catch (cause) {
      // On another connection everything comes anew, and the seat is kept; where that does not help, nothing will.
      reader = new FrameReader(shape.state);
      if (++unreadable < MOST_UNREADABLE) throw cause;
      end("malformed", "its frames cannot be read");
      return undefined;
    }
  }

  function close(): void {
    isOver = true;
    subscription.remove(sink);
  }

  function over(error: TidemarkError): void {
    if (isOver) return;
    close();
    told.over(error);
  }

  function end(code: "wrong_shape" | "malformed", message: string): void {
    over(new TidemarkError(code, message, { channel }));
  }

  return {
    line: subscription.line,
    async leave() {
      isOver = true;
      try {
        if (!isOneWay) await host.ask(`"unsubscribe":${JSON.stringify(channel)}`, true);
      } catch (error) {
        // Otherwise it has ended by itself meanwhile, or had not begun.
        if ((error as TidemarkError).code !== "not_subscribed") throw error;
      } finally {
        close();
      }
    },
    close,
  };
}
