/** An app that runs: its engine and its paths, made of the options and of what comes from outside. */
import { memoryBroker, type Broker } from "../broker/index.js";
import { realRandom, type Clock, type Random } from "../protocol/index.js";
import type { MethodDef } from "./channels/methods.js";
import type { ChannelRegistry } from "./channels/registry.js";
import type { Hooks } from "./connection/node.js";
import { Engine } from "./engine.js";
import { guardedClock } from "./guard.js";
import type { Logger } from "./logger.js";
import { readLimits, readStall, type AppOptions } from "./options.js";
import { serverClock } from "./real-clock.js";
import { AppRooms } from "./room/app-rooms.js";
import { States } from "./state/states.js";
import { Addresses } from "./transports/addresses.js";
import { DEFAULT_HTTP } from "./transports/http/endpoints.js";
import { Mount } from "./transports/mount.js";
import { readPaths } from "./transports/paths.js";

/** What an app has from outside. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly broker: Broker;
  /** How long what the app sets on channels of keys waits for more, in milliseconds. Default 10; 0: to the end of the turn. */
  readonly tick?: number;
}

export interface Running {
  readonly engine: Engine;
  readonly mount: Mount;
  /** What the application itself does on channels of keys. */
  readonly states: States;
  /** What it does with rooms, and its operators. */
  readonly rooms: AppRooms;
}

/**
 * Makes the engine and its paths; nothing is listened on yet.
 *
 * @param log never throws
 * @param world in place of what the options or the process have
 */
export function start<User>(
  options: AppOptions<User>,
  registry: ChannelRegistry,
  methods: ReadonlyMap<string, MethodDef>,
  log: Logger,
  world?: World,
): Running {
  const { limits, budget } = readLimits(options);
  const clock = world?.clock ?? options.clock ?? serverClock;
  const random = world?.random ?? options.random ?? realRandom;
  const onError = (error: unknown): void =>
    log.error({ error }, "something failed in the broker; it goes on");
  const engine = new Engine({
    clock,
    random,
    broker:
      world?.broker ??
      options.broker ??
      memoryBroker({ clock: guardedClock(clock, onError), random, onError }),
    log,
    registry,
    methods,
    // The hooks are handed back what the app's own authenticate returned.
    hooks: options as unknown as Hooks,
    limits,
    budget,
    secret: options.secret,
    // In a world that a test has made, nothing ends the process.
    stall: world === undefined ? readStall(options) : undefined,
  });
  const http = options.http === false ? false : { ...DEFAULT_HTTP, ...options.http };
  const rooms = new AppRooms(engine.node, engine.rooms);
  const mount = new Mount(engine, {
    rooms,
    ...readPaths(options),
    origins: options.origins ?? [],
    addresses: new Addresses(options.trustedProxies, log),
    http,
    apiKey: options.apiKey,
    directSockets: options.directSockets ?? true,
  });
  return { engine, mount, rooms, states: new States(engine.node, world?.tick) };
}
