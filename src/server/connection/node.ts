/** What all connections of one server share. Built once, by the app; nothing here belongs to one connection. */
import type { Broker } from "../../broker/index.js";
import type { Clock, Random } from "../../protocol/index.js";
import type { ChannelRegistry } from "../channels/registry.js";
import type { MethodDef } from "../channels/methods.js";
import type { Hub } from "../feed/hub.js";
import type { Logger } from "../logger.js";
import type { Admission } from "./admission.js";
import type { Appender } from "./appender.js";
import type { Budget } from "./budget.js";
import type { Denials } from "./denials.js";
import type { Farewells } from "./farewells.js";
import type { Flusher } from "./flusher.js";
import type { Peer } from "./link.js";
import type { RateMemory } from "./rate-memory.js";
import type { RateOptions } from "./rate.js";
import type { Stillness } from "./stillness.js";

/** A connection, as hooks see it. */
export interface ConnectionInfo {
  /** The id of the connection. */
  readonly client: string;
  /** What `authenticate` returned; null without one. */
  readonly user: unknown;
  /** The request it came with. */
  readonly request: Peer;
}

export interface Hooks {
  readonly authenticate: ((context: { token: string | undefined; request: Peer }) => unknown) | undefined;
  readonly subscriptions?:
    | ((info: ConnectionInfo) => readonly string[] | Promise<readonly string[]>)
    | undefined;
  readonly onConnect: ((info: ConnectionInfo) => void | Promise<void>) | undefined;
  readonly onDisconnect: ((info: ConnectionInfo & { reason: string }) => void | Promise<void>) | undefined;
}

/** What one connection may do. */
export interface ConnectionLimits {
  /** Bytes of one message's payload. Default 64 KiB. */
  readonly message: number;
  /** Bytes of one incoming frame. Default 128 KiB. */
  readonly frame: number;
  /** Subscriptions of one connection. Default 1,000. */
  readonly subscriptions: number;
  /** Commands of one connection. Default 200 a second, 400 at once; `false` for no limit. */
  readonly commands: RateOptions | false;
  /**
   * Connections that a server lets in. Default 500 a second, 1,000 at once; those above it wait for half a second or are
   * told when to come back. `false` for no limit. Polls after a poll, and what is sent over HTTP, are not counted.
   */
  readonly connects: RateOptions | false;
  /** Commands of one connection that may be unanswered before it is not read from any more. Default 256. */
  readonly unanswered: number;
  /** Milliseconds from the socket's opening to the connect command. Default 10 s. */
  readonly connectTimeout: number;
  /** Milliseconds between two pings. Default 25 s. */
  readonly ping: number;
}

export interface ServerNode {
  readonly clock: Clock;
  readonly random: Random;
  readonly broker: Broker;
  readonly log: Logger;
  readonly hub: Hub;
  readonly admission: Admission;
  readonly rates: RateMemory;
  readonly appender: Appender;
  readonly denials: Denials;
  readonly stillness: Stillness;
  readonly farewells: Farewells;
  readonly flusher: Flusher;
  readonly budget: Budget;
  readonly registry: ChannelRegistry;
  readonly methods: ReadonlyMap<string, MethodDef>;
  readonly hooks: Hooks;
  readonly limits: ConnectionLimits;
  /** A number that only grows: keys for publishes that came without one, names of connections. */
  nextNumber(): number;
  /** The name of this server's life. */
  readonly id: string;
  /** The scope of the keys that it makes. */
  readonly scope: string;
}
