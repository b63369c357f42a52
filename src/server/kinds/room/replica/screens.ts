/**
 * Those who are sent what they see of a room. Each is a cursor, which is a tick; it has at most one tick unsent, and where it reads
 * slowly the next frame is one change over all that it has missed.
 */
import type { Cursor } from "../../../../protocol/index.js";
import type { Frames, Heard, Viewer } from "../../../../room/frames.js";
import type { View } from "../../../../room/hooks.js";
import type { Subscriber } from "../../../delivery/audience.js";
import { textChunk, type Chunk } from "../../../delivery/chunk.js";
import { gapLine } from "../../../delivery/encode.js";
import type { Subscribers } from "../../../feed/channel-feed.js";
import { sendNext } from "../../../feed/send-next.js";
import type { RoomEvents } from "./events.js";
import { FrameCut, frameChunk, frameHead, isLargeFrame } from "./frame-cut.js";

/** Where what is shown comes from, under one reign. */
export interface Showing {
  /** The name of the reign. */
  readonly reign: string;
  /** Whether something was lost on the way to it from the reign before. */
  readonly hasLost: boolean;
  /** The newest tick; below 0: none yet. */
  readonly tick: number;
  readonly frames: Frames;
  readonly events: RoomEvents;
}

/** What the screens are told of players. */
export interface ScreensOwner {
  /** Undefined until there is something to show. */
  readonly showing: Showing | undefined;
  /** What somebody sees now; undefined where that is not known, so that nothing is shown. Must not throw. */
  viewOf(screen: Screen): View | undefined;
  /** What is said to it about its inputs. */
  heardOf(screen: Screen): Heard;
  /** Something failed that concerned one of them. Must not throw. */
  failed(error: unknown): void;
}

/** How one looks at a room. */
export interface ScreenOptions {
  /** Whose screen it is; undefined: a spectator's. */
  readonly seat?: string | undefined;
  /** The cursor that its client came with, if any. */
  readonly cursor?: Cursor | undefined;
  /** How many bytes a frame may take: see `Frames.viewer`. */
  readonly budget?: number | undefined;
  /** Of a spectator: told when the room has ended, and why. Must not throw. */
  readonly onClosed?: ((reason: string) => void) | undefined;
}

/** One connection that looks at a room. */
export class Screen {
  readonly subscriber: Subscriber;
  readonly seat: string | undefined;
  readonly budget: number | undefined;
  readonly onClosed: ScreenOptions["onClosed"];
  /** The reign that its cursor is of; empty for one that has seen nothing. */
  epoch: string;
  /** The tick that its client is at, in that reign. */
  tick: number;
  /** Up to which tick it was told of events. */
  told = -1;
  viewer: Viewer | undefined;
  /** A frame that it is in the middle of. */
  sending: FrameCut | undefined;
  /** How often its connection had sent everything when it was last sent a frame; below 0 before that. */
  drains = -1;
  waits = false;

  constructor(subscriber: Subscriber, { seat, cursor, budget, onClosed }: ScreenOptions) {
    this.subscriber = subscriber;
    this.seat = seat;
    this.budget = budget;
    this.onClosed = onClosed;
    this.epoch = cursor?.epoch ?? "";
    this.tick = cursor?.offset ?? 0;
  }
}

export class Screens implements Subscribers {
  readonly #ch: number;
  readonly #owner: ScreensOwner;
  readonly #screens = new Map<Subscriber, Screen>();
  /** The same frame for many, and the chunk that it was made into. */
  #lastFrame: Uint8Array | undefined;
  #lastChunk: Chunk | undefined;
  /** What lines of this tick begin with. */
  #head = "";
  #headTick = -1;
  #spectators = 0;

  /** @param ch this node's number for the channel */
  constructor(ch: number, owner: ScreensOwner) {
    this.#ch = ch;
    this.#owner = owner;
  }

  get size(): number {
    return this.#screens.size;
  }

  /** How many have no seat. */
  get spectators(): number {
    return this.#spectators;
  }

  [Symbol.iterator](): Iterator<Subscriber> {
    return this.#screens.keys();
  }

  add(screen: Screen): void {
    this.#screens.set(screen.subscriber, screen);
    if (screen.seat === undefined) this.#spectators++;
    screen.subscriber.state = "behind";
    this.serve(screen);
  }

  delete(subscriber: Subscriber): void {
    const screen = this.#screens.get(subscriber);
    subscriber.state = "gone";
    subscriber.leaveMessage();
    if (screen === undefined) return;
    if (screen.seat === undefined) this.#spectators--;
    this.#screens.delete(subscriber);
  }

  /** The room has ended: those who only look on see no more of it, and are told. */
  endAll(reason: string): void {
    for (const { subscriber, onClosed } of this.#screens.values()) {
      if (onClosed === undefined) continue;
      this.delete(subscriber);
      onClosed(reason);
    }
  }

  /** Another reign is shown from here on: nobody has seen anything of it. */
  renew(): void {
    for (const screen of this.#screens.values()) {
      screen.viewer = undefined;
      screen.told = -1;
    }
  }

  /** Hot path: at the end of a turn in which a tick was reached, one frame for each who can take it. */
  flush(): void {
    for (const screen of this.#screens.values()) {
      try {
        this.serve(screen);
      } catch (error) {
        this.#owner.failed(error);
      }
    }
    this.#lastFrame = this.#lastChunk = undefined;
  }

  /** Sends one what it lacks, if its socket has taken what it was sent before; otherwise when it has. */
  serve(screen: Screen): void {
    const { showing } = this.#owner;
    if (showing === undefined || showing.tick < 0 || screen.subscriber.state === "gone") return;
    // What is left of a frame of a reign before is not sent any more.
    if (screen.sending?.end.epoch === showing.reign && !this.#goOn(screen, screen.sending)) return;
    const isOfNow = screen.epoch === showing.reign;
    // Its client may have been sent more by another node than has come here.
    if (isOfNow && (screen.viewer?.tick ?? screen.tick) >= showing.tick) return;
    if (isHeld(screen)) return this.#wait(screen);
    if (!isOfNow && !this.#tellGap(screen, showing)) return this.#wait(screen);
    this.#show(screen, showing);
  }

  /** Hot path. */
  #show(screen: Screen, showing: Showing): void {
    const view = this.#owner.viewOf(screen);
    if (view === undefined) return;
    const { subscriber } = screen;
    const { tick, frames } = showing;
    const viewer = (screen.viewer ??= frames.viewer(
      screen.budget === undefined ? {} : { budget: screen.budget },
    ));
    const frame = frames.frameFor(viewer, view, this.#owner.heardOf(screen));
    if (frame === undefined) return;
    screen.drains = subscriber.out.drains;
    // Nobody hears of what was before its first frame; and nearly always nothing has happened.
    if (screen.told >= 0 && showing.events.newest > screen.told)
      showing.events.tell(screen.told, screen.seat, (chunk) => subscriber.way.offer(chunk));
    screen.told = tick;
    if (isLargeFrame(frame)) {
      screen.sending = new FrameCut(this.#ch, { epoch: showing.reign, offset: tick }, frame);
      this.#goOn(screen, screen.sending);
    } else if (subscriber.way.offer(this.#chunk(frame, tick))) screen.tick = tick;
    else {
      // It was cut, and is not sent: what it stood on is not known any more.
      viewer.forget();
      this.#wait(screen);
    }
  }

  /** Frames of those who see everything are the same bytes. */
  #chunk(frame: Uint8Array, tick: number): Chunk {
    if (frame === this.#lastFrame && this.#lastChunk !== undefined) return this.#lastChunk;
    if (tick !== this.#headTick) {
      this.#headTick = tick;
      this.#head = frameHead(this.#ch, tick);
    }
    this.#lastFrame = frame;
    return (this.#lastChunk = frameChunk(this.#head, frame));
  }

  /** Sends the next parts of a frame; whether it has all of them now. */
  #goOn(screen: Screen, cut: FrameCut): boolean {
    const { subscriber } = screen;
    for (;;) {
      const sent = subscriber.out.roomy ? sendNext(subscriber, cut) : "full";
      if (sent === "held") return false;
      if (sent !== "taken") {
        this.#wait(screen);
        return false;
      }
      if (subscriber.progress !== undefined) continue;
      screen.sending = undefined;
      screen.tick = cut.end.offset;
      screen.drains = subscriber.out.drains;
      return true;
    }
  }

  /** What it has is of another reign: it is told that everything comes anew. One that has nothing begins here without a word. */
  #tellGap(screen: Screen, { reign, hasLost }: Showing): boolean {
    const { subscriber, epoch, tick } = screen;
    if (epoch !== "") {
      const gap = { after: tick, until: 0, epoch: reign, reason: hasLost ? "rollback" : "epoch" } as const;
      if (!subscriber.out.offer(textChunk(gapLine(this.#ch, gap).text))) return false;
    }
    subscriber.leaveMessage();
    screen.sending = undefined;
    screen.epoch = reign;
    screen.tick = 0;
    return true;
  }

  /** It goes on when its socket has taken what it has, or its client has said so. */
  #wait(screen: Screen): void {
    if (screen.waits) return;
    screen.waits = true;
    const { window, out } = screen.subscriber;
    const way = window?.isFull === true ? window : out;
    way.whenRoomy(() => {
      screen.waits = false;
      this.serve(screen);
    });
  }
}

/** Whether the last frame that it was sent may still be here. */
function isHeld({ subscriber: { out, window }, drains }: Screen): boolean {
  return window?.isFull === true || (out.unsent > 0 && out.drains === drains);
}
