/** The public face of a server: what is said of channels and methods, and where it listens. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import {
  channelNameProblem,
  fillPattern,
  type AppTypes,
  type ChannelTypes,
  type MethodTypes,
  type Params,
  type TypedApp,
} from "../protocol/index.js";
import { keyCheck } from "./auth/api-key.js";
import type { Channel } from "./channels/define.js";
import { duration, type Duration } from "../protocol/duration.js";
import type { Method, MethodDef } from "./channels/methods.js";
import { ChannelRegistry, type ResolvedChannel } from "./channels/registry.js";
import type { Drain } from "./connection/life/drain.js";
import { noneRefused, type Refused } from "./connection/limits/refused.js";
import { publishAsServer } from "./connection/publish/publish-as-server.js";
import type { Engine } from "./engine.js";
import { TidemarkError } from "./errors.js";
import { guardedLogger } from "./guard.js";
import { pageOfNames, type ChannelsQuery } from "./inspection/count.js";
import type { ActiveChannels } from "./inspection/inspector.js";
import { createHttpServer, listenOn, type ListenOptions } from "./listening.js";
import { defaultLogger, type Logger } from "./logger.js";
import { checkAddressing, readLimits, type AppOptions } from "./options.js";
import { start, type Running, type World } from "./running.js";
import type { AnyServer } from "./transports/attachment.js";
import { readPaths } from "./transports/paths.js";
import { mustHaveKeys } from "./channels/keys.js";
import { StateHandle, type PublishPattern, type StatePattern } from "./state/state-handle.js";
import { userOf, type UserHandle } from "./user.js";

type Empty = Record<never, never>;
/** What `publish` takes on a channel of these types. */
type InputOf<
  Types extends AppTypes,
  Pattern extends keyof Types["channels"],
> = Types["channels"][Pattern]["input"];

/** What clients are told at the end. */
const STOPPING = "the server is stopping";

/** How {@link App.close} ends. */
export interface CloseOptions {
  /**
   * How long clients may take to move to another server, as milliseconds or a text such as `"30s"`. They are told to one
   * after the other, 50 a second where there is time for it; meanwhile `/readyz` says 503 and nobody is let in. Default 0:
   * all are cut off at once.
   */
  readonly grace?: Duration;
  /** Whether another process listens on the same port: then this one leaves it at once. Default false. */
  readonly handOver?: boolean;
}

/**
 * A server of channels. Made by {@link tidemark}; its type tells clients what there is.
 *
 * @example
 * const app = tidemark().channels({ "chat/:id": stream({ retain: { count: 1000 } }) });
 * await app.listen({ port: 8080 });
 * await app.publish("chat/:id", { id: "general" }, { text: "hello" });
 */
export class App<User, Types extends AppTypes> implements TypedApp<Types> {
  declare readonly "~types"?: Types;
  readonly #options: AppOptions<User>;
  readonly #channels: Readonly<Record<string, Channel<never, never, ChannelTypes>>>;
  readonly #methods: ReadonlyMap<string, MethodDef>;
  readonly #registry: ChannelRegistry;
  #running: Running | undefined;
  #server: Server | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;
  #drain: Drain | undefined;

  constructor(
    options: AppOptions<User>,
    channels: Readonly<Record<string, Channel<never, never, ChannelTypes>>> = {},
    methods: ReadonlyMap<string, MethodDef> = new Map(),
  ) {
    this.#options = options;
    this.#channels = channels;
    this.#methods = methods;
    readLimits(options);
    readPaths(options);
    if (options.apiKey !== undefined) keyCheck(options.apiKey);
    checkAddressing(options);
    this.#registry = new ChannelRegistry(
      Object.entries(channels).map(([pattern, channel]) => [pattern, channel.def]),
    );
  }

  /**
   * Says which channels there are, by pattern.
   *
   * @throws {TypeError} when a pattern is malformed, two match the same names, or a room's definition makes no sense
   * @example tidemark().channels({ "chat/:id": stream(), "arena/:id": Arena }); // Arena = arena.code({ … })
   */
  channels<T extends Record<string, ChannelTypes>>(definitions: {
    readonly [Pattern in keyof T]: Channel<User, Params<Pattern & string>, T[Pattern]>;
  }): App<User, { channels: T; methods: Types["methods"] }> {
    const channels = definitions as unknown as Record<string, Channel<never, never, ChannelTypes>>;
    return new App<User, { channels: T; methods: Types["methods"] }>(
      this.#options,
      { ...this.#channels, ...channels },
      this.#methods,
    );
  }

  /** Says which methods clients may call, by name. */
  methods<M extends Record<string, MethodTypes>>(definitions: {
    readonly [Name in keyof M]: Method<User, M[Name]>;
  }): App<User, { channels: Types["channels"]; methods: M }> {
    const methods = new Map(this.#methods);
    for (const [name, { def }] of Object.entries<Method<User, MethodTypes>>(definitions))
      methods.set(name, def);
    return new App<User, { channels: Types["channels"]; methods: M }>(this.#options, this.#channels, methods);
  }

  /** Serves on a port of its own. Resolves with where; rejects with the system's error, such as EADDRINUSE. */
  async listen(options: ListenOptions = {}): Promise<{ port: number; host: string; url: string }> {
    if (this.#server !== undefined) throw new TidemarkError("already_listening", "this app listens already");
    const server = createHttpServer(readLimits(this.#options).limits.connectTimeout);
    this.#server = server;
    this.#closed = false;
    this.#run().mount.attach(server, true);
    try {
      return await listenOn(server, options, this.#log);
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  /**
   * Runs without sockets, in a world that a test has made; connections are given to the engine that it returns. See
   * `testApp` in `tidemark/testing`.
   *
   * @throws {TidemarkError} `already_listening` when it runs already
   */
  runIn(world: World): Engine {
    if (this.#running !== undefined) throw new TidemarkError("already_listening", "this app runs already");
    this.#closed = false;
    return this.#run(world).engine;
  }

  /**
   * Serves on somebody else's HTTP server. Touches only its own paths, of requests and of upgrades; the others
   * reach whoever else listens, before this or after. Over HTTP/2, too, where it is one that answers requests (not only streams).
   */
  attach(server: AnyServer): void {
    this.#closed = false;
    this.#run().mount.attach(server, false);
  }

  /** Handles a request if its path is one of ours; says whether it was. For frameworks that own the server. */
  handleRequest(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): boolean {
    return this.#run().mount.handleRequest(request, response);
  }

  /** Handles an upgrade if its path is one of ours; says whether it was. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#run().mount.handleUpgrade(request, socket, head);
  }

  /**
   * Publishes for the application itself: the schema applies, `allow` and `onPublish` do not. Resolves with the
   * offset when it is in the log.
   *
   * @throws {TidemarkError} `bad_request` for a name that no client could subscribe to, `not_found`, `wrong_kind` on a channel of keys (see {@link App.state}), `invalid`, `too_large`, `outcome_unknown`; `closed` between `close` and the next `listen`
   */
  publish<Pattern extends PublishPattern<Types>>(
    pattern: Pattern,
    params: Params<Pattern>,
    data: InputOf<Types, Pattern>,
  ): Promise<{ offset: number }> {
    return this.publishTo(fillPattern(pattern, params), data);
  }

  /** The same by the channel's full name, for names that are known only at run time. */
  async publishTo(channel: string, data: unknown): Promise<{ offset: number }> {
    const { node } = this.#open().engine;
    return publishAsServer(node, this.#resolve(channel), data);
  }

  /**
   * A channel of keys, for the application itself: to read, change and watch it. `allow` and hooks are not asked.
   *
   * @throws {TidemarkError} `wrong_kind` for a channel of another kind, `bad_request` for a name that no client could subscribe to,
   *   `not_found`
   * @throws {TypeError} when a parameter is missing
   * @example await app.state("metrics/:region", { region: "eu" }).set("web-1", { cpu: 0.4 }, { ttl: "30s" });
   */
  state<Pattern extends StatePattern<Types>>(
    pattern: Pattern,
    params: Params<Pattern>,
  ): StateHandle<Types["channels"][Pattern]["input"], Types["channels"][Pattern]["output"]>;
  /** The same by the channel's full name, whose types are not known. */
  state<Input = unknown, Output = Input>(channel: string): StateHandle<Input, Output>;
  state(name: string, params?: Readonly<Record<string, string>>): StateHandle<unknown, unknown> {
    const resolved = this.#resolve(params === undefined ? name : fillPattern(name, params));
    mustHaveKeys(resolved);
    return new StateHandle(resolved, () => this.#open().states);
  }

  /**
   * All connections of a user, on all servers, by the `id` that `authenticate` returned.
   *
   * @example await app.user("ann").publish("user/:id", { text: "hello on every device" });
   */
  user(id: string | number): UserHandle<Types> {
    return userOf(String(id), {
      publish: (channel, data) => this.publishTo(channel, data),
      check: (channel) => void this.#resolve(channel),
      command: async (command) => this.#open().engine.command(command),
    });
  }

  /** Ends all connections of a user, as `app.user(id).disconnect(reason)` does. */
  disconnect(id: string | number, reason?: string): Promise<void> {
    return this.user(id).disconnect(reason);
  }

  /**
   * The channels that somebody is subscribed to, on all servers, in the order of their names and a page at a time. Waits up to
   * a second for the other servers to answer.
   *
   * @throws {TidemarkError} `bad_request` when the limit is none; rejects with the broker's error
   * @example const { channels } = await app.activeChannels({ prefix: "chat/" }); // [{ channel, kind, subscribers, members }]
   */
  async activeChannels(query: ChannelsQuery = {}): Promise<ActiveChannels> {
    return this.#open().engine.inspector.count(pageOfNames(query));
  }

  /**
   * Connections that are open now, channels that somebody is subscribed to, what this server holds of channels that are kept by keys, in
   * bytes (`limits.memories`), and what was refused for a limit so far.
   */
  get stats(): { connections: number; channels: number; memories: number; refused: Refused } {
    const engine = this.#running?.engine;
    return {
      connections: engine?.connections.size ?? 0,
      channels: engine?.node.hub.occupied ?? 0,
      memories: engine?.node.memories.bytes ?? 0,
      refused: { ...(engine?.node.refused ?? noneRefused()) },
    };
  }

  /**
   * Ends all connections (their clients come back later), stops listening and closes the broker, if it is the built-in
   * one. With a grace time clients move before that, while everything else goes on. A second call ends that at once.
   *
   * @throws {TypeError} when the grace time is none
   * @example process.once("SIGTERM", () => void app.close({ grace: "30s" }));
   */
  close({ grace, handOver = false }: CloseOptions = {}): Promise<void> {
    const patience = duration(grace, 0, "grace");
    if (this.#closing !== undefined) this.#drain?.cut();
    else {
      const left = patience === 0 ? undefined : this.#leave(patience, handOver);
      this.#closing = (left === undefined ? this.#end() : left.then(() => this.#end())).finally(() => {
        this.#closing = this.#drain = undefined;
      });
    }
    return this.#closing;
  }

  /** Has clients move. `undefined` when there is nobody. */
  #leave(grace: number, handOver: boolean): Promise<void> | undefined {
    if (this.#running === undefined) return undefined;
    const { engine, mount } = this.#running;
    mount.stopping();
    if (handOver) this.#server?.close();
    // Rooms first: those who move then find them where they come to.
    const rooms = engine.drainRooms();
    this.#drain = engine.drain(grace, STOPPING);
    return Promise.all([rooms, this.#drain.done]).then(() => {});
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#closed = true;
    const server = this.#server;
    this.#server = undefined;
    // One that has left its port already says so, and no more.
    const stopped = server === undefined ? undefined : new Promise((resolve) => server.close(resolve));
    // What was set before goes to the broker as long as that is there.
    const written = running?.states.close();
    if (running?.engine.rooms !== undefined) await running.engine.drainRooms();
    running?.engine.close(STOPPING);
    await running?.mount.close();
    server?.closeAllConnections();
    await stopped;
    await written;
    if (this.#options.broker === undefined) await running?.engine.node.broker.close();
  }

  #open(): Running {
    if (this.#closed) throw new TidemarkError("closed", "this app was closed; nobody would get the message");
    return this.#run();
  }

  /** @throws {TidemarkError} `bad_request` for what is no name, `not_found` when no pattern matches */
  #resolve(channel: string): ResolvedChannel {
    const problem = channelNameProblem(channel);
    if (problem !== undefined) throw new TidemarkError("bad_request", problem);
    const resolved = this.#registry.resolve(channel);
    if (resolved !== undefined) return resolved;
    throw new TidemarkError("not_found", `no channel pattern matches ${JSON.stringify(channel)}`);
  }

  get #log(): Logger {
    return guardedLogger(this.#options.log ?? defaultLogger);
  }

  /** Started by its first use. */
  #run(world?: World): Running {
    return (this.#running ??= start(this.#options, this.#registry, this.#methods, this.#log, world));
  }
}

/**
 * Begins a server: options here, then `.channels({ … })` and `.methods({ … })`, then `listen` or `attach`.
 *
 * @throws {TypeError} when options contradict each other
 * @example const app = tidemark({ authenticate: ({ token }) => verify(token) }).channels({ "chat/:id": stream() });
 */
export function tidemark<User = null>(
  options: AppOptions<User> = {},
): App<User, { channels: Empty; methods: Empty }> {
  return new App<User, { channels: Empty; methods: Empty }>(options);
}
