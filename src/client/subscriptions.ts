import {
  type ConnectResult,
  type EventFrame,
  type Kind,
  type MessageFrame,
  type StartAt,
  type SubscribeResult,
  channelNameProblem,
  parseCursor,
  utf8Length,
} from "../protocol/index.js";
import { TidemarkError } from "./errors.js";
import { Subscription, type SubscriptionHost } from "./subscription.js";

/** The client's subscriptions, by channel name and, on a connection, by channel number. */
export class Subscriptions {
  readonly #host: SubscriptionHost;
  readonly #byName = new Map<string, Subscription>();
  readonly #byNumber = new Map<number, Subscription>();
  /** Those that are part of the connect command on its way. */
  #resuming = new Map<string, Subscription>();

  constructor(shared: Omit<SubscriptionHost, "bind" | "unbind" | "remove">) {
    this.#host = {
      ...shared,
      bind: (ch, subscription) => this.#byNumber.set(ch, subscription),
      unbind: (ch) => this.#byNumber.delete(ch),
      remove: (subscription) => {
        if (this.#byName.get(subscription.name) === subscription) this.#byName.delete(subscription.name);
      },
    };
  }

  /**
   * The subscription of a channel, made if there is none.
   *
   * @throws {TidemarkError} `invalid` for a name or start that no server takes, `wrong_kind` when there is one of the other kind
   */
  get(name: string, kind: Kind, start: StartAt): Subscription {
    const problem = channelNameProblem(name) ?? startProblem(start);
    if (problem !== undefined) throw new TidemarkError("invalid", problem, { channel: name });
    const existing = this.#byName.get(name);
    if (existing !== undefined) {
      if (existing.kind === kind) return existing;
      const message = `${name} is in use as a ${existing.kind} channel; it cannot be a ${kind} channel too`;
      throw new TidemarkError("wrong_kind", message, { channel: name });
    }
    const made = new Subscription(this.#host, name, kind, start);
    this.#byName.set(name, made);
    return made;
  }

  /** The `subs` of a connect command, as JSON of at most about `budget` bytes; the others are asked for later. */
  resume(budget: number): string {
    this.#resuming = new Map();
    const parts: string[] = [];
    let left = budget;
    for (const [name, subscription] of this.#byName) {
      if (subscription.at !== "idle") continue;
      const part = `${JSON.stringify(name)}:${JSON.stringify(subscription.options())}`;
      left -= utf8Length(part) + 1;
      if (left < 0) break;
      subscription.asked();
      this.#resuming.set(name, subscription);
      parts.push(part);
    }
    return `{${parts.join()}}`;
  }

  /** What became of those in the connect command; the rest is asked for now. */
  online({ subs = {} }: ConnectResult): void {
    for (const [name, subscription] of this.#resuming) {
      const result = subs[name];
      if (result === undefined) {
        subscription.refuse({ code: "internal", message: "the server left it out", retry: true });
      } else if ("error" in result) {
        subscription.refuse(result.error);
      } else if (subscription.at === "ended") {
        subscription.unsubscribe();
      } else {
        subscription.confirm(result);
      }
    }
    this.#resuming.clear();
    for (const subscription of this.#byName.values()) subscription.ask();
  }

  down(): void {
    this.#byNumber.clear();
    this.#resuming.clear();
    for (const [name, subscription] of this.#byName) {
      subscription.down();
      // What the server gave by itself, it gives again.
      if (!subscription.used) this.#byName.delete(name);
    }
  }

  message(message: MessageFrame): void {
    this.#byNumber.get(message[0])?.message(message);
  }

  event(event: Exclude<EventFrame, { event: "goaway" }>): void {
    if (event.event === "subscribed") this.#subscribed(event.channel, event);
    else this.#byNumber.get(event.ch)?.event(event);
  }

  /** The server has subscribed this client by itself: ready for the handle that may come. */
  #subscribed(name: string, result: SubscribeResult): void {
    const subscription = this.#byName.get(name) ?? this.get(name, result.kind, {});
    if (subscription.kind === result.kind) subscription.confirm(result);
  }

  close(error: TidemarkError): void {
    for (const subscription of this.#byName.values()) subscription.close(error);
    this.#byName.clear();
    this.#byNumber.clear();
  }
}

/** Why a server would not take this start; it would refuse the whole connect command for it. */
function startProblem({ cursor, last, since }: StartAt): string | undefined {
  if (cursor !== undefined) {
    return parseCursor(cursor) === undefined ? `not a cursor: ${cursor}` : undefined;
  }
  if (last !== undefined && since !== undefined) return "last and since exclude each other";
  if (last !== undefined && !isCount(last, 1000)) return `last takes 0 to 1000 messages, not ${last}`;
  if (since !== undefined && !isCount(since, Number.MAX_SAFE_INTEGER)) {
    return `since takes milliseconds since 1970, not ${since}`;
  }
  return undefined;
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}
