/** The smallest server there is: whatever comes in goes out again. No channels. */
import type { CloseName, Clock, Timer } from "../../../protocol/index.js";
import { STALLED_MS } from "../../connection/life/heartbeat.js";
import type { RefusedCounters } from "../../connection/limits/refused.js";
import { TokenBucket, type RateOptions } from "../../connection/limits/rate.js";
import type { Receiver } from "../../connection/receiver.js";
import { PING_ONLY, binaryFrame, textFrame } from "./frame.js";
import type { WebSocketLink } from "./link.js";
import { ReadRoom } from "./read-room.js";

/** Unsent bytes at which the echo stops listening until its peer has read some. */
const HIGH_WATER = 256 * 1024;
/** What a message costs besides its bytes, as so many bytes more. */
const WEIGHT = 1024;
/** Bytes that all echoes together hold of messages that are not whole, or not read. */
const MOST_HELD = 16 * 1024 * 1024;

export interface EchoOptions {
  readonly clock: Clock;
  /** Milliseconds between two pings. */
  readonly ping: number;
  /** Frames of a peer that are no messages. */
  readonly frames: RateOptions | false;
  /** Where it is counted that somebody was held to a limit. */
  readonly refused: RefusedCounters;
}

/** All peers of the echo: nobody else looks after them. */
export class Echoes {
  readonly options: EchoOptions;
  /** What all peers of the echo hold together. */
  readonly room = new ReadRoom(MOST_HELD);
  readonly #all = new Set<Echo>();
  #timer: Timer;

  constructor(options: EchoOptions) {
    this.options = options;
  }

  open(link: WebSocketLink): Echo {
    const echo = new Echo(this, link);
    this.#all.add(echo);
    if (this.#all.size === 1) this.#schedule();
    return echo;
  }

  /** For {@link Echo} only. */
  ended(echo: Echo): void {
    this.#all.delete(echo);
    if (this.#all.size > 0) return;
    this.options.clock.clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = this.options.clock.setTimeout(() => {
      this.#schedule();
      for (const echo of this.#all) {
        try {
          echo.beat();
        } catch {
          echo.abandon();
        }
      }
    }, this.options.ping);
  }
}

/** Text and binary, fragmented or not; a peer that does not read is not read from. */
export class Echo implements Receiver {
  readonly #echoes: Echoes;
  readonly #link: WebSocketLink;
  #spare: TokenBucket | undefined;
  #heard: number;
  #pinged = -1;
  /** Unsent bytes that this peer has taken room for. */
  #held = 0;
  #full = false;

  constructor(echoes: Echoes, link: WebSocketLink) {
    this.#echoes = echoes;
    this.#link = link;
    this.#heard = echoes.options.clock.monotonic();
  }

  receiveText(bytes: Buffer, from: number, to: number, ascii: boolean): void {
    this.#send(textFrame(bytes.toString(ascii ? "latin1" : "utf8", from, to), ascii));
  }

  receiveBinary(bytes: Uint8Array): void {
    this.#send(binaryFrame(bytes));
  }

  receiveNothing(): void {
    const { frames, refused } = this.#echoes.options;
    if (frames === false) return;
    this.#spare ??= new TokenBucket(frames, this.#heard);
    if (this.#spare.take(this.#heard) === 0) return;
    refused.frames++;
    this.close("rate_limited", `more than ${frames.perSecond} frames a second that are no messages`);
  }

  alive(): void {
    this.#heard = this.#echoes.options.clock.monotonic();
  }

  unfinished(reason: string): void {
    this.close("silent", reason);
  }

  close(name: CloseName, reason: string): void {
    this.#link.close(name, reason);
    // The peer's part of the goodbye has to be read.
    this.#link.resume();
  }

  transportClosed(): void {
    this.#release();
    this.#echoes.ended(this);
  }

  /** Once in a while: whoever did not answer the last ping goes, and the others are pinged. */
  beat(): void {
    const now = this.#echoes.options.clock.monotonic();
    const silent = this.#heard < this.#pinged;
    // Unsent bytes may be on their way to a slow peer, and the ping behind them.
    const stalled = this.#link.unsent > 0 && now - this.#heard < STALLED_MS;
    if (silent) {
      if (stalled || this.#link.resting) return;
      if (this.#full) this.#link.terminate();
      else this.close("silent", "nothing was heard since the last ping");
      return;
    }
    this.#pinged = now;
    this.#link.send(PING_ONLY);
  }

  abandon(): void {
    this.#link.terminate();
  }

  #send(frame: string | Buffer): void {
    this.#link.send(frame);
    this.#link.weigh(WEIGHT);
    const more = this.#link.unsent - this.#held;
    if (more <= 0) return;
    if (!this.#echoes.room.take(more)) {
      this.#echoes.options.refused.echo++;
      return this.close("unavailable", "too much waits to be read here; come back later");
    }
    if (this.#held === 0) this.#link.whenDrained(() => this.#release());
    this.#held += more;
    if (this.#full || this.#held < HIGH_WATER) return;
    this.#full = true;
    this.#link.pause();
  }

  /** All that was sent has been read. */
  #release(): void {
    this.#echoes.room.give(this.#held);
    this.#held = 0;
    if (!this.#full) return;
    this.#full = false;
    // The peer was not listened to meanwhile.
    this.alive();
    this.#link.resume();
  }
}
