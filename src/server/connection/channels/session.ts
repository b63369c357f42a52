/** One connection's dealings with one channel: its subscription, and the order of its publishes. */
import type { ActiveChannel } from "../../feed/active-channel.js";
import type { Subscriber } from "../../delivery/audience.js";
import type { OnError } from "../../guard.js";
import type { Seated } from "../../feed/room-part.js";
import { TaskQueue, type TaskQueueOwner } from "../publish/task-queue.js";
import type { Visit } from "./visit.js";

/** Joined on subscribing, left on unsubscribing or when the connection ends. */
export interface Membership {
  readonly id: string;
  readonly instance: string;
  readonly grace: number;
}

export interface Subscription {
  readonly active: ActiveChannel;
  readonly subscriber: Subscriber;
  readonly membership: Membership | undefined;
  /** Where the channel is a room. */
  readonly visit: Visit | undefined;
}

/** Whose session it is: one of all those of a connection. */
export interface SessionOwner {
  /** Drops the session when there is nothing to remember of it. */
  tidy(channel: string): void;
  /** Something failed that was done for the connection, which ends itself. */
  readonly abandon: OnError;
}

/** There is one for each subscription of each client: what a quiet one does not need is made when it is used. */
export class ChannelSession implements TaskQueueOwner {
  readonly #owner: SessionOwner;
  readonly channel: string;
  #queue: TaskQueue | undefined;
  #gate: Gate | undefined;
  /** `undefined`: not subscribed, `"opening"`: on the way. */
  subscription: Subscription | "opening" | undefined;
  /** Whether the server began the subscription by itself, and the client has not subscribed since. */
  given = false;

  constructor(owner: SessionOwner, channel: string) {
    this.#owner = owner;
    this.channel = channel;
  }

  /** Who plays, where the channel is a room in which the connection has a seat. */
  get player(): Seated | undefined {
    return typeof this.subscription === "object" ? this.subscription.visit?.player : undefined;
  }

  /** Subscribe, unsubscribe and publish of one channel happen in the order in which they came. */
  get queue(): TaskQueue {
    return (this.#queue ??= new TaskQueue(this));
  }

  get gate(): Gate {
    return (this.#gate ??= new Gate());
  }

  set gate(gate: Gate) {
    this.#gate = gate;
  }

  get idle(): boolean {
    return this.subscription === undefined && this.#queue?.busy !== true && this.#gate?.idle !== false;
  }

  queueIdle(): void {
    this.#queue = undefined;
    this.#owner.tidy(this.channel);
  }

  taskFailed(error: unknown): void {
    this.#owner.abandon(error);
  }
}

/**
 * Publishes that are on their way share a gate. When one of them fails retryably the gate is shut: the later ones fail too,
 * so that a retry cannot overtake. The gate is opened by the retry of the earliest that failed, or by a publish that
 * nothing is unanswered before; those that were on their way stay with the gate they came through.
 */
export class Gate {
  #passed = 0;
  /** How many publishes that came have no outcome yet. */
  #underWay = 0;
  #shutBy: { readonly turn: number; readonly key: number | string } | undefined;

  get shut(): boolean {
    return this.#shutBy !== undefined;
  }

  /** Whether the gate can be forgotten: it is open, and nothing that is under way could shut it. */
  get idle(): boolean {
    return !this.shut && this.#underWay === 0;
  }

  /** Counts a publish that comes to the gate; `settled` is called once when the publish has its outcome. */
  turn(): number {
    this.#underWay++;
    return ++this.#passed;
  }

  settled(): void {
    this.#underWay--;
  }

  /** The publish that came at `turn` has failed. */
  shutFor(turn: number, key: number | string): void {
    // A publish that came later may fail sooner, by its rate or by its hook; what counts is which came first.
    if (this.#shutBy === undefined || turn < this.#shutBy.turn) this.#shutBy = { turn, key };
  }

  /** Whether a publish that came before `turn` has failed, so that the one which came then may not go on. */
  aborts(turn: number): boolean {
    return this.#shutBy !== undefined && this.#shutBy.turn < turn;
  }

  opensFor(key: number | string, first: boolean): boolean {
    return first || this.#shutBy?.key === key;
  }
}
