/** What all connections of one server share. Built once, by the app; nothing here belongs to one connection. */
import type { Broker } from "../../broker/index.js";
import type { Clock, CloseName, Random } from "../../protocol/index.js";
import type { ChannelRegistry } from "../channels/registry.js";
import type { MethodDef } from "../channels/methods.js";
import type { Hub } from "../feed/hub.js";
import type { Reads } from "../feed/read-limit.js";
import type { Memories } from "../feed/slots/memories.js";
import type { Logger } from "../logger.js";
import type { Admission } from "./limits/admission.js";
import type { Appender } from "./publish/appender.js";
import type { BrokerErrors } from "./broker-errors.js";
import type { Budget } from "../delivery/budget.js";
import type { ByteRateOptions } from "./limits/byte-rate.js";
import type { Revocations } from "./users/revocations.js";
import type { PresenceLeaves } from "./life/leaves.js";
import type { Flusher } from "../delivery/flusher.js";
import type { LargePayloads } from "../delivery/large-payloads.js";
import type { IncompleteMessages } from "./limits/incomplete.js";
import type { KeyShares } from "./limits/key-shares.js";
import type { Peer } from "./link.js";
import type { NewChannels } from "./limits/new-channels.js";
import type { NewRooms } from "./limits/new-rooms.js";
import type { Newcomers } from "./limits/newcomers.js";
import type { RateMemory } from "./limits/rate-memory.js";
import type { RateOptions } from "./limits/rate.js";
import type { RefusedCounters } from "./limits/refused.js";
import type { SlowHooks } from "./slow-hooks.js";
import type { Stillness } from "./life/stillness.js";
import type { TurnBudget } from "./limits/turn-budget.js";
import type { Tickets } from "./limits/tickets.js";
import type { UnfinishedMessages } from "./limits/unfinished.js";

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
  /** Bytes of one message's payload: of JSON in UTF-8, or where `binary` is not set, of bytes too. At most 96 KiB. Default 64 KiB. */
  readonly message: number;
  /**
   * Bytes of one payload of bytes, whoever publishes it. What is larger than a frame goes in parts, in both directions and over
   * every transport. At least `message`, at most 16 MiB. Default: `message`.
   *
   * @example tidemark({ limits: { binary: 2 * 1024 * 1024 } }).channels({ "files/:id": stream({ message: bytes() }) })
   */
  readonly binary: number;
  /** Bytes of one incoming frame, and so of a part of a message. Default 128 KiB. */
  readonly frame: number;
  /** Subscriptions of one connection. Default 1,000. */
  readonly subscriptions: number;
  /**
   * Commands of one connection; over HTTP of one client over all its requests, where each channel of a connect command
   * counts as a tenth of a command, and of one address ten times as many. Default 200 a second, 400 at once; `false` for no
   * limit.
   */
  readonly commands: RateOptions | false;
  /**
   * Frames of one connection that bring no command: pings, pongs, blank ones, all fragments and parts of a message but its last.
   * Default 500 a second, 2,000 at once; who sends more is closed with 4005. `false` for no limit.
   */
  readonly frames: RateOptions | false;
  /**
   * Bytes that one connection may send. Default 1 MiB a second, 4 MiB at once; who sends more is read more slowly, and loses
   * nothing. At least 16 KiB a second, and where `binary` is above `message`, `binary` and `frame` together at once; `false`
   * for no limit. Over HTTP a request's length is limited instead, by `frame` and `binary`.
   */
  readonly bytes: ByteRateOptions | false;
  /**
   * Connections that a server lets in. Default 500 a second, 1,000 at once; those above it wait for half a second or are
   * told when to come back, within 5 seconds. `false` for no limit. Polls that show the ticket of a poll before them, and
   * what is sent over HTTP, are not counted.
   */
  readonly connects: RateOptions | false;
  /**
   * Channels that clients may use that are new to the server: not open there, and not used for 5 minutes. One above it is
   * refused with `rate_limited`; the others, and what the application itself does, are not counted. This many for each user,
   * or connection without a user, and ten times as many for each address. Default 50 a second, 2,000 at once; `false` for
   * no limit.
   */
  readonly channels: RateOptions | false;
  /**
   * Keys that one publisher may have remembered on one channel, of those that each take a place of their own in the
   * broker's memory: texts, and over HTTP the publisher secrets that it makes up. A publisher is a user, or an address
   * without a user. A publish above it is refused with `rate_limited`, until older ones are forgotten. Default 10,000, a
   * tenth of what a broker remembers of a channel; `false` for no limit.
   */
  readonly keys: number | false;
  /**
   * Bytes that a server holds of all channels that are kept by keys. Each has a copy of those that somebody is subscribed to; from here
   * on others are refused with `overloaded`. Default 256 MiB.
   */
  readonly memories: number;
  /** Rooms: each is explained at {@link RoomLimits}. */
  readonly rooms: RoomLimits;
  /** Commands of one connection that may be unanswered before it is not read from any more. Default 256. */
  readonly unanswered: number;
  /**
   * Milliseconds from the socket's opening to the connect command, and from a message's first byte to its last; each KiB of it
   * that has come gives it a second more. Where a message comes in parts, that is said of each part and the next. Default 10 s.
   */
  readonly connectTimeout: number;
  /** Milliseconds between two pings. Default 25 s. */
  readonly ping: number;
}

/** What there may be of rooms. */
export interface RoomLimits {
  /** Seats of one connection, in all rooms together. Above it, `limit_reached`. Default 4. */
  readonly seats: number;
  /**
   * Rooms that one user may make a minute, by joining one that nobody has made: without a user one connection may, and an address ten
   * times as many. Above it, `limit_reached`. Default 30; `false` for no limit.
   */
  readonly made: number | false;
  /** Rooms that a server runs. Where none takes more, joining a room that nobody runs is `room_full`. Default 500. */
  readonly owned: number;
}

export interface ServerNode {
  readonly clock: Clock;
  readonly random: Random;
  readonly broker: Broker;
  readonly log: Logger;
  readonly brokerErrors: BrokerErrors;
  readonly hub: Hub;
  readonly admission: Admission;
  /** The rates of clients, each over all its requests. */
  readonly rates: RateMemory;
  /** The rates of addresses, each over all requests that come from there. */
  readonly addressRates: RateMemory;
  readonly newChannels: NewChannels;
  readonly newRooms: NewRooms;
  readonly keyShares: KeyShares;
  readonly tickets: Tickets;
  /** What was refused for a limit so far. */
  readonly refused: RefusedCounters;
  readonly appender: Appender;
  readonly revocations: Revocations;
  readonly stillness: Stillness;
  readonly slowHooks: SlowHooks;
  /** Commands of one turn of the event loop. */
  readonly turns: TurnBudget;
  /** Requests over HTTP of one turn of the event loop: they do not wait for commands, nor these for them. */
  readonly requests: TurnBudget;
  /** What commands of one turn lead to that takes long: further subscriptions of a connect command, large answers. */
  readonly background: TurnBudget;
  /** What is held of messages that come in parts, and of long bodies of requests. */
  readonly incomplete: IncompleteMessages;
  /** Messages that have begun and have to get on. */
  readonly unfinished: UnfinishedMessages;
  /** Connections that have not sent a connect command. */
  readonly newcomers: Newcomers<{ close(name: CloseName, reason: string): void }>;
  readonly leaves: PresenceLeaves;
  readonly flusher: Flusher;
  readonly budget: Budget;
  /** Payloads that are being sent in parts. */
  readonly large: LargePayloads;
  /** What is held of channels that are kept by slots. */
  readonly memories: Memories;
  /** The reads of logs that are under way. */
  readonly reads: Reads;
  readonly registry: ChannelRegistry;
  readonly methods: ReadonlyMap<string, MethodDef>;
  readonly hooks: Hooks;
  readonly limits: ConnectionLimits;
  /** A number that only grows: keys for publishes that came without one, names of connections. */
  nextNumber(): number;
  /** The name of this server's life. */
  readonly id: string;
  /** The scope of the keys that this server makes. */
  readonly scope: string;
}
