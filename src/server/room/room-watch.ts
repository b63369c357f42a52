/** Looking on at a room from inside of the process: as others do who have no seat, with a function in place of a socket. */
import { BrokerError } from "../../broker/index.js";
import { splitBinaryLines } from "../../protocol/lines.js";
import type { ResolvedChannel } from "../channels/registry.js";
import type { ServerNode } from "../connection/node.js";
import { Subscriber } from "../delivery/audience.js";
import { Budget, DEFAULT_BUDGET } from "../delivery/budget.js";
import type { Chunk } from "../delivery/chunk.js";
import { Outgoing, type OutgoingOwner, type Sink } from "../delivery/outgoing.js";
import { TidemarkError } from "../errors.js";
import type { ActiveChannel } from "../feed/active-channel.js";
import { closedError } from "../kinds/room/replica/join-error.js";
import { mustBeRoom } from "./must-be-room.js";
import { RoomNewsReader, type RoomNews } from "./room-news.js";

/** While the listener is busy, so many bytes are told to be unread: more than anybody may have, so that changes add up in the room's frames. */
const BUSY = 2 * DEFAULT_BUDGET.perConnection;

export interface RoomWatchDeps {
  readonly node: ServerNode;
  readonly resolved: ResolvedChannel;
  /** Is told what has changed, and again when its promise has settled. */
  readonly listener: (news: RoomNews) => Promise<void>;
}

export class RoomWatch implements Sink, OutgoingOwner {
  /**
   * Resolves when nothing is told any more, and with why: `room_closed`; or `unavailable` where it failed, and all has to be told anew;
   * nothing where it was closed. Never rejects.
   */
  readonly ended: Promise<TidemarkError | undefined>;
  readonly #deps: RoomWatchDeps;
  readonly #news: RoomNewsReader;
  #isBusy = false;
  #hasEnded = false;
  #drained: (() => void) | undefined;
  #end: (error: TidemarkError | undefined) => void = () => {};
  #leave: (() => void) | undefined;
  readonly abandon = (error: unknown): void => {
    if (this.#hasEnded) return;
    if (error instanceof TidemarkError) return this.#over(error);
    const { node, resolved } = this.#deps;
    if (error instanceof BrokerError) node.brokerErrors.note(error, "watch a room");
    else node.log.error({ channel: resolved.name, error }, "showing a room to an operator failed");
    this.#over(new TidemarkError("unavailable", "the room cannot be shown now; try again"));
  };

  /** @throws {TidemarkError} `wrong_kind` for what is no room */
  constructor(deps: RoomWatchDeps) {
    this.#deps = deps;
    this.#news = new RoomNewsReader(mustBeRoom(deps.resolved).shape.state);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#begin().catch(this.abandon);
  }

  close(): void {
    this.#over(undefined);
  }

  get unsent(): number {
    return this.#isBusy ? BUSY : 0;
  }

  writeShared(chunk: Chunk): void {
    this.write([chunk]);
  }

  write(chunks: readonly Chunk[]): void {
    if (this.#hasEnded) return;
    for (const chunk of chunks)
      for (const { value, bytes } of splitBinaryLines(chunk.toBinary())) this.#news.line(value, bytes);
    this.#tell();
  }

  whenDrained(run: () => void): void {
    this.#drained = run;
  }

  async #begin(): Promise<void> {
    const { node, resolved } = this.#deps;
    const active = await node.hub.acquire(resolved);
    try {
      if (!this.#hasEnded) this.#lookOn(active);
    } finally {
      node.hub.release(resolved.name);
    }
  }

  #lookOn(active: ActiveChannel): void {
    const { node, resolved } = this.#deps;
    const { room } = active.feed;
    room?.mustBeOpen();
    const out = new Outgoing(this, node.flusher, new Budget(DEFAULT_BUDGET), this);
    const subscriber = new Subscriber(out, active.feed.beginning ?? { epoch: "", offset: 0 }, true);
    this.#leave = () => {
      out.close();
      active.audience.delete(subscriber);
      node.hub.release(resolved.name, "subscription");
    };
    room?.lookOn(subscriber, { onClosed: (reason) => this.#over(closedError(reason)) });
  }

  /** Tells the listener what there is, unless it has not finished with what it was told before. */
  #tell(): void {
    const news = this.#isBusy || this.#hasEnded ? undefined : this.#news.take();
    if (news === undefined) return;
    this.#isBusy = true;
    this.#deps.listener(news).then(() => this.#settled(), this.abandon);
  }

  #settled(): void {
    this.#isBusy = false;
    this.#tell();
    if (this.#isBusy || this.#hasEnded) return;
    const run = this.#drained;
    this.#drained = undefined;
    try {
      run?.();
    } catch (error) {
      this.abandon(error);
    }
  }

  #over(error: TidemarkError | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#leave?.();
    this.#end(error);
  }
}
