/** All connections of one user, whichever nodes they are on. */
import { fillPattern, type AppTypes, type Params } from "../protocol/index.js";
import { paramNames } from "../protocol/pattern.js";
import type { UserCommand } from "./connection/users/user-command.js";

/** Patterns with one parameter: that can be the user's id. */
export type UserPattern<Types extends AppTypes> = {
  [Pattern in keyof Types["channels"] & string]: IsOne<keyof Params<Pattern>> extends true ? Pattern : never;
}[keyof Types["channels"] & string];

type IsOne<Name> = [Name] extends [never] ? false : IsUnion<Name> extends true ? false : true;
type IsUnion<All, One = All> = One extends unknown ? ([All] extends [One] ? false : true) : never;

/**
 * One user, by the `id` that `authenticate` returned. What is said here reaches all of the user's connections that are
 * open, on all nodes; a node that the broker cannot reach at the moment does not hear of it. Each method resolves when
 * the nodes have been told, and rejects with the broker's error.
 */
export interface UserHandle<Types extends AppTypes> {
  readonly id: string;
  /**
   * Publishes to the channel of this pattern whose parameter is the user's id; whether the user is there or not. What a
   * stream retains is there when the user comes.
   *
   * @example await app.user("ann").publish("user/:id", { text: "you were mentioned" }); // to user/ann
   */
  publish<Pattern extends UserPattern<Types>>(
    pattern: Pattern,
    data: Types["channels"][Pattern]["input"],
  ): Promise<{ offset: number }>;
  /**
   * Subscribes the user's connections to a channel, from now on and until they end; `allow` is not asked.
   *
   * @throws {TidemarkError} `not_found` when no pattern matches
   */
  subscribe(channel: string): Promise<void>;
  /** Ends the user's subscriptions to a channel. Clients do not come back to it by themselves; `allow` keeps them out. */
  unsubscribe(channel: string, reason?: string, code?: string): Promise<void>;
  /** Ends the user's connections. Clients do not come back by themselves; `authenticate` keeps them out. */
  disconnect(reason?: string): Promise<void>;
}

export interface UserDeps {
  /** Rejects when no pattern matches the channel. */
  readonly publish: (channel: string, data: unknown) => Promise<{ offset: number }>;
  /** @throws {TidemarkError} `not_found` when no pattern matches */
  readonly check: (channel: string) => void;
  readonly command: (command: UserCommand) => Promise<void>;
}

export function userOf<Types extends AppTypes>(
  id: string,
  { publish, check, command }: UserDeps,
): UserHandle<Types> {
  return {
    id,
    publish: (pattern, data) =>
      publish(fillPattern(pattern, Object.fromEntries(paramNames(pattern).map((name) => [name, id]))), data),
    async subscribe(channel) {
      check(channel);
      await command({ user: id, do: "subscribe", channel });
    },
    unsubscribe: (channel, message = "ended by the application", code = "forbidden") =>
      command({ user: id, do: "unsubscribe", channel, code, message }),
    disconnect: (reason = "disconnected by the application") =>
      command({ user: id, do: "disconnect", reason }),
  };
}
