/** What `tidemark({ … })` takes, with the defaults beside it. */
import type { Broker } from "../broker/index.js";
import { LEAST_FRAME, type Clock, type Random } from "../protocol/index.js";
import { DEFAULT_BUDGET, type BudgetOptions } from "./delivery/budget.js";
import type { Peer } from "./connection/link.js";
import type { ConnectionLimits, RoomLimits } from "./connection/node.js";
import type { Logger } from "./logger.js";
import type { HttpOptions } from "./transports/http/endpoints.js";
import { trustedBy, type TrustedProxies } from "./transports/addresses.js";
import type { Origins } from "./transports/origin.js";

/** What {@link tidemark} takes; everything may be left out. */
export interface AppOptions<User> {
  /**
   * Who is it? Returns the user, whose `id` is the sender's name on messages, or throws to refuse. Called once a
   * connection. Without it everybody is anonymous and `user` is null.
   */
  readonly authenticate?: (context: {
    readonly token: string | undefined;
    readonly request: Peer;
  }) => User | Promise<User>;
  /**
   * The channels that the server subscribes each connection to, by name, such as `user/ann`. Called before `onConnect`,
   * once a connection. `allow` is not asked about them. Default: none.
   */
  readonly subscriptions?: (info: ConnectedInfo<User>) => readonly string[] | Promise<readonly string[]>;
  /** Called when a connection is about to open; throw a `TidemarkError` to refuse it. */
  readonly onConnect?: (info: ConnectedInfo<User>) => void | Promise<void>;
  /** Called when a connection that was open has ended. */
  readonly onDisconnect?: (info: ConnectedInfo<User> & { readonly reason: string }) => void | Promise<void>;
  /**
   * The proxies before this server, whose word is taken for where a request comes from (`X-Forwarded-For`): addresses,
   * networks such as `10.0.0.0/8`, `"loopback"`, `"private"`. What hooks see as `request.ip` and limits by address go by is
   * then the last address in there that is none of them. Default: none; the peer of the socket counts. A wrong one throws a
   * `TypeError`.
   */
  readonly trustedProxies?: TrustedProxies;
  /**
   * A secret that all servers of the app share, of at least 16 characters. It signs what clients show to any of them: the
   * tickets by which polls go on from each other. Default: each process makes one up, so that a poll that comes to another
   * one counts as new there (`limits.connects`).
   */
  readonly secret?: string;
  /** Which pages of other origins may connect. Default: none; pages of the same origin always may. */
  readonly origins?: Origins;
  /**
   * Where channels are: a path that begins with `/`, URI-encoded. Whether it ends with a slash makes no difference, here and in
   * requests. Default `/connect`.
   */
  readonly path?: string;
  /** HTTP stream, long poll, sending and events below `path`, for where WebSocket does not get through; `false` for none. */
  readonly http?: Partial<HttpOptions> | false;
  /** Where the raw echo is; `false` for none. Default `/echo`. */
  readonly echo?: string | false;
  /**
   * Who has this key may ask the HTTP API, as `Authorization: Bearer KEY`: at least 16 letters, digits and signs. Default:
   * there is no API.
   */
  readonly apiKey?: string;
  /**
   * Whether WebSockets on plain TCP are read and written past Node's stream layer, which costs a sixth of a small write and
   * more of a small read. Over TLS, and on releases of Node that this was not tried on (20, 22, 24 and 26 were), the stream
   * is used anyway. Default true. Set it to false where something else counts what goes through sockets
   * (`socket.bytesWritten`), or has them read.
   */
  readonly directSockets?: boolean;
  readonly limits?: Partial<Omit<ConnectionLimits, "rooms">> & { readonly rooms?: Partial<RoomLimits> };
  /** Unsent bytes, per connection and in all. Default 128 KiB and 256 MiB. */
  readonly unsent?: Partial<BudgetOptions>;
  /** Keeps the logs. Default: this process's memory. */
  readonly broker?: Broker;
  /** Default: warnings and errors as JSON lines on standard error. */
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A connection, as hooks of the app see it. */
export interface ConnectedInfo<User> {
  readonly client: string;
  readonly user: User;
  readonly request: Peer;
}

/** What a connection may do unless `limits` says otherwise; each is explained at {@link ConnectionLimits}. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  message: 64 * 1024,
  binary: 64 * 1024,
  frame: 128 * 1024,
  subscriptions: 1000,
  commands: { perSecond: 200, burst: 400 },
  frames: { perSecond: 500, burst: 2000 },
  bytes: { perSecond: 1024 * 1024, burst: 4 * 1024 * 1024 },
  connects: { perSecond: 500, burst: 1000 },
  channels: { perSecond: 50, burst: 2000 },
  keys: 10_000,
  memories: 256 * 1024 * 1024,
  rooms: { seats: 4, made: 30, owned: 500 },
  unanswered: 256,
  connectTimeout: 10_000,
  ping: 25_000,
};

/** A payload of JSON is never cut, and so has to fit into a frame in either direction with all that stands beside it. */
const MOST_JSON = 96 * 1024;
/** The most that `limits.binary` may be. */
const MOST_BINARY = 16 * 1024 * 1024;
/** Slower than this a peer's pongs would come too late behind what it has sent, in bytes a second. */
const LEAST_BYTES = 16 * 1024;
/** Characters that are not guessed. */
const LEAST_SECRET = 16;

/** Two pages of those behind: see F5 and L7 in docs/spec.md. */
const LEAST_UNSENT = 64 * 1024;

/**
 * Limits and budget with defaults filled in.
 *
 * @throws {TypeError} when they contradict each other
 */
export function readLimits(options: Pick<AppOptions<unknown>, "limits" | "unsent">): {
  limits: ConnectionLimits;
  budget: BudgetOptions;
} {
  const given = { ...DEFAULT_LIMITS, ...options.limits };
  const rooms = { ...DEFAULT_LIMITS.rooms, ...options.limits?.rooms };
  const limits = { ...given, rooms, binary: options.limits?.binary ?? given.message };
  const budget = { ...DEFAULT_BUDGET, ...options.unsent };
  if (limits.message * 2 > budget.perConnection) {
    throw new TypeError(
      `limits.message (${limits.message}) must be at most half of unsent.perConnection (${budget.perConnection}): a page has to fit`,
    );
  }
  if (budget.perConnection < LEAST_UNSENT) {
    throw new TypeError(
      `unsent.perConnection (${budget.perConnection}) must be at least ${LEAST_UNSENT}: a page has to fit`,
    );
  }
  if (limits.frame < LEAST_FRAME) {
    throw new TypeError(
      `limits.frame (${limits.frame}) must be at least ${LEAST_FRAME}: clients send frames of that size, whatever limits.message is`,
    );
  }
  if (limits.frame < limits.message + 1024) {
    throw new TypeError(
      `limits.frame (${limits.frame}) must exceed limits.message (${limits.message}) by 1024 or more`,
    );
  }
  if (limits.message > MOST_JSON)
    throw new TypeError(`limits.message (${limits.message}) must be at most ${MOST_JSON}: JSON is never cut`);
  checkBinary(limits);
  for (const name of ["commands", "frames", "connects", "channels"] as const) {
    const rate = limits[name];
    if (rate !== false && !(rate.perSecond > 0 && rate.burst >= 1)) {
      throw new TypeError(
        `limits.${name} must be { perSecond: above 0, burst: 1 or more } or false, not ${JSON.stringify(rate)}`,
      );
    }
  }
  const { bytes } = limits;
  if (bytes !== false && !(bytes.perSecond >= LEAST_BYTES && bytes.burst >= 1)) {
    throw new TypeError(
      `limits.bytes must be { perSecond: ${LEAST_BYTES} or more, burst: 1 or more } or false, not ${JSON.stringify(bytes)}`,
    );
  }
  if (limits.keys !== false && !(limits.keys >= 1))
    throw new TypeError(`limits.keys must be 1 or more, or false, not ${JSON.stringify(limits.keys)}`);
  if (!(limits.memories > 0))
    throw new TypeError(
      `limits.memories must be a number of bytes above 0, not ${JSON.stringify(limits.memories)}`,
    );
  checkRooms(rooms);
  return { limits, budget };
}

/** @throws {TypeError} when a limit of rooms is none */
function checkRooms(rooms: RoomLimits): void {
  for (const name of ["seats", "made", "owned"] as const) {
    const most = rooms[name];
    if (!(Number.isSafeInteger(most) && most !== false && most >= 1) && !(name === "made" && most === false))
      throw new TypeError(
        `limits.rooms.${name} must be a whole number of at least 1, not ${JSON.stringify(most)}`,
      );
  }
}

/** @throws {TypeError} when payloads of bytes may not be so long, or could not come with the other limits */
function checkBinary({ message, binary, frame, bytes }: ConnectionLimits): void {
  if (!(binary >= message && binary <= MOST_BINARY)) {
    throw new TypeError(
      `limits.binary (${binary}) must be at least limits.message (${message}) and at most ${MOST_BINARY}`,
    );
  }
  if (binary > message && bytes !== false && bytes.burst < binary + frame) {
    throw new TypeError(
      `limits.bytes.burst (${bytes.burst}) must be at least limits.binary and limits.frame together (${binary + frame}): a message has to come at once`,
    );
  }
}

/** @throws {TypeError} when a proxy or the secret is none */
export function checkAddressing({
  trustedProxies,
  secret,
}: Pick<AppOptions<unknown>, "trustedProxies" | "secret">): void {
  trustedBy(trustedProxies);
  if (secret !== undefined && secret.length < LEAST_SECRET)
    throw new TypeError(`secret must have at least ${LEAST_SECRET} characters, not ${secret.length}`);
}
