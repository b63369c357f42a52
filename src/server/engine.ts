/**
 * The server without its sockets: connections on one side, a broker on the other. Everything real - sockets,
 * clocks, randomness - comes in from outside, so that many of these run in one process in virtual time.
 */
import { BrokerError, type Broker } from "../broker/index.js";
import type { Clock, Random } from "../protocol/index.js";
import { Inspector } from "./inspection/inspector.js";
import type { ChannelRegistry } from "./channels/registry.js";
import type { MethodDef } from "./channels/methods.js";
import { Admission, type Arrival } from "./connection/limits/admission.js";
import { Appender } from "./connection/publish/appender.js";
import { BrokerErrors } from "./connection/broker-errors.js";
import { Budget, type BudgetOptions } from "./delivery/budget.js";
import { Connection } from "./connection/connection.js";
import { applyUserCommand } from "./connection/users/control.js";
import { Revocations } from "./connection/users/revocations.js";
import { Drain } from "./connection/life/drain.js";
import { PresenceLeaves } from "./connection/life/leaves.js";
import { Flusher } from "./delivery/flusher.js";
import { LargePayloads } from "./delivery/large-payloads.js";
import { Heartbeat } from "./connection/life/heartbeat.js";
import { IncompleteMessages, mostIncomplete } from "./connection/limits/incomplete.js";
import { KeyShares } from "./connection/limits/key-shares.js";
import type { Link, Peer } from "./connection/link.js";
import { NewChannels } from "./connection/limits/new-channels.js";
import { NewRooms } from "./connection/limits/new-rooms.js";
import { Newcomers } from "./connection/limits/newcomers.js";
import type { ConnectionLimits, Hooks, ServerNode } from "./connection/node.js";
import { RateMemory } from "./connection/limits/rate-memory.js";
import { noneRefused } from "./connection/limits/refused.js";
import { PER_ADDRESS, together } from "./connection/limits/rate.js";
import { Tickets } from "./connection/limits/tickets.js";
import { UnfinishedMessages } from "./connection/limits/unfinished.js";
import { BrokerContact } from "./feed/broker-contact.js";
import { ClockWatch } from "./feed/clock-watch.js";
import { Memories } from "./feed/slots/memories.js";
import type { WalkPage } from "./feed/slots/slots-log.js";
import { SlowHooks } from "./connection/slow-hooks.js";
import { Stillness } from "./connection/life/stillness.js";
import { TurnBudget } from "./connection/limits/turn-budget.js";
import { Hub } from "./feed/hub.js";
import { Reads } from "./feed/read-limit.js";
import { guarded, guardedClock, guardedLogger } from "./guard.js";
import { readUserCommand, writeUserCommand, type UserCommand } from "./connection/users/user-command.js";
import { RoomNode } from "./kinds/room/room-node.js";
import type { Logger } from "./logger.js";

/** How often the age of what comes is asked within the shortest dedupe window. */
const AGES_PER_WINDOW = 4;

export interface EngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly broker: Broker;
  readonly log: Logger;
  readonly registry: ChannelRegistry;
  readonly methods: ReadonlyMap<string, MethodDef>;
  readonly hooks: Hooks;
  readonly limits: ConnectionLimits;
  readonly budget: BudgetOptions;
  /** What tickets are signed with. Default: made up, so that they are good on this server only. */
  readonly secret?: string | undefined;
  /** How much of a log by slots is read at once. Default: 1,000 entries, 256 KiB. */
  readonly walkPage?: WalkPage | undefined;
  /** Bytes of payloads that are kept while they are sent in parts; what is beyond is read again. Default 64 MiB. */
  readonly large?: number | undefined;
  /** Bytes that are held of messages which are not whole, of all connections. Default: what {@link mostIncomplete} says. */
  readonly incomplete?: number | undefined;
}

export class Engine {
  readonly node: ServerNode;
  /** Who is subscribed to what, on all nodes. */
  readonly inspector: Inspector;
  /** Its part in rooms, where the application has some. */
  readonly rooms: RoomNode | undefined;
  readonly #connections = new Set<Connection>();
  readonly #heartbeat: Heartbeat;
  readonly #stopListening: () => void;
  #drain: Drain | undefined;
  /** The same for all connections. */
  readonly #onEnd = (ended: Connection): void => {
    this.#connections.delete(ended);
    this.#heartbeat.delete(ended);
    this.#drain?.ended(ended);
  };

  constructor(options: EngineOptions) {
    const { random, broker } = options;
    const { connectTimeout } = options.limits;
    const log = guardedLogger(options.log);
    const onError = (error: unknown): void =>
      log.error({ error }, "something failed in the server; it goes on");
    const onStrange = (error: unknown): void =>
      log.warn({ error }, "another server said what is not understood here; it is left alone");
    const clock = guardedClock(options.clock, onError);
    const flusher = new Flusher(clock, onError);
    // What is carried out is answered, nearly always: the turn that is ended for the one is ended for the other.
    const soon = (run: () => void): void => flusher.soon(run);
    const id = random.id();
    let number = 0;
    const contact = new BrokerContact(clock);
    const expiries = `expiry ${id}`;
    const large = new LargePayloads(options.large);
    const reads = new Reads(options.limits.binary);
    const refused = noneRefused();
    const memories = new Memories(options.limits.memories);
    const { registry } = options;
    this.rooms = registry.hasRooms
      ? new RoomNode({
          broker,
          clock,
          random,
          log,
          most: options.limits.rooms.owned,
          define: (channel) => registry.resolve(channel)?.def.room,
          collect: (flush) => flusher.collect(flush),
        })
      : undefined;
    const { rooms } = this;
    const hub = new Hub({
      broker,
      memories,
      refused,
      clock,
      contact,
      key: () => ({ scope: expiries, id: ++number, print: 0 }),
      walkPage: options.walkPage,
      large,
      reads,
      collect: (flush) => flusher.collect(flush),
      onError: (error, channel) => {
        if (error instanceof BrokerError) contact.cut();
        log.warn({ channel, error }, "reading a channel failed; it is tried again");
      },
      jitter: () => random.float(),
      placeFor: rooms && ((resolved, ch) => rooms.placeFor(resolved, ch)),
      clocks: new ClockWatch(clock, (channel, days) =>
        log.warn(
          { channel, days },
          "the newest message of a channel is days in the future: the broker's clock was ahead when it was written, or this server's is behind; until then its messages have no age, and since finds nothing new",
        ),
      ),
    });
    this.node = {
      ...options,
      clock,
      log,
      id,
      scope: `node ${id}`,
      flusher,
      brokerErrors: new BrokerErrors(clock, log),
      budget: new Budget(options.budget),
      large,
      memories,
      reads,
      admission: new Admission(options.limits.connects, random),
      rates: new RateMemory(options.limits.commands),
      addressRates: new RateMemory(together(options.limits.commands, PER_ADDRESS)),
      newChannels: new NewChannels(options.limits.channels, { clock, hub, refused }),
      newRooms: new NewRooms(options.limits.rooms.made, clock),
      keyShares: new KeyShares(clock, random, options.limits.keys || Infinity),
      tickets: new Tickets(options.secret ?? random.id()),
      refused,
      appender: new Appender(broker, clock, onError, reads.slots),
      revocations: new Revocations(),
      stillness: new Stillness(clock, options.registry.shortestDedupe, (ms) => this.#stoodStill(ms)),
      turns: new TurnBudget(clock, soon),
      requests: new TurnBudget(clock, soon),
      background: new TurnBudget(clock, soon),
      slowHooks: new SlowHooks(clock, (slow) =>
        log.warn(
          { ...slow },
          "a hook has not settled for 10 seconds; what its clients have asked for behind it waits until it does",
        ),
      ),
      incomplete: new IncompleteMessages(options.incomplete ?? mostIncomplete(options.limits), refused),
      unfinished: new UnfinishedMessages(clock, connectTimeout),
      newcomers: new Newcomers(clock, connectTimeout, (connection) =>
        connection.close("connect_timeout", `no connect command within ${connectTimeout} ms`),
      ),
      leaves: new PresenceLeaves(broker, clock, log),
      hub,
      nextNumber: () => ++number,
    };
    this.inspector = new Inspector({
      broker,
      clock,
      random,
      channels: this.node.hub,
      onError: (error) => log.warn({ error }, "another server asked what is here, and got no answer"),
    });
    this.#heartbeat = new Heartbeat(
      clock,
      options.limits.ping,
      options.registry.shortestDedupe / AGES_PER_WINDOW,
      this.node.stillness,
    );
    this.#stopListening = broker.listen(
      guarded((text) => {
        const command = readUserCommand(text);
        if (command !== undefined) applyUserCommand(command, this.#connections, this.node);
      }, onStrange),
    );
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /**
   * A new connection on a transport that is open. What comes over it was sent after `arrived`, on the monotonic clock: now,
   * unless that is given.
   */
  accept(link: Link, peer: Peer, arrival?: Arrival, arrived?: number): Connection {
    const connection = new Connection(this.node, link, peer, this.#onEnd, arrival, arrived);
    this.#connections.add(connection);
    this.#heartbeat.add(connection);
    return connection;
  }

  /** Has all nodes do that to a user's connections, this one too. Resolves when they have been told. */
  async command(command: UserCommand): Promise<void> {
    await this.node.broker.send("*", writeUserCommand(command));
  }

  /** Has other nodes take the rooms of this one, and takes none from now on. Before `close`, and before or with `drain`. */
  async drainRooms(): Promise<void> {
    await this.rooms?.drain();
  }

  /**
   * Lets nobody in any more, and has all clients move within a grace time, in milliseconds. Once; `close` comes after it.
   */
  drain(grace: number, reason: string): Drain {
    this.node.admission.stop();
    return (this.#drain ??= new Drain(this.#connections, this.node, grace, reason));
  }

  /** How old what waits in the sockets is, nobody can tell: whoever is there still comes back and says it anew. */
  #stoodStill(ms: number): void {
    this.node.log.warn({ ms }, "the process stood still: its connections are closed, and clients come back");
    const reason = `the server stood still for ${Math.round(ms)} ms`;
    for (const connection of this.#connections) connection.close("going_away", reason);
  }

  /** Ends everything; the broker is the caller's to close. */
  close(reason: string): void {
    this.#stopListening();
    this.inspector.close();
    this.#heartbeat.stop();
    this.#drain?.cut();
    this.node.admission.stop();
    for (const connection of this.#connections) connection.close("going_away", reason);
    this.node.hub.close();
    this.rooms?.close();
    this.node.leaves.close();
    this.node.slowHooks.close();
    this.node.newcomers.close();
    this.node.unfinished.close();
    this.node.keyShares.close();
  }
}
