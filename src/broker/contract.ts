/**
 * The seam between Tidemark and whatever keeps its logs. A broker holds every channel's log, remembers
 * idempotency keys, knows who is present and who reigns, and hands out leases. What each method promises stands on it, with MUST, MUST NOT
 * and MAY as RFC 2119 has them; `brokerContract` in `tidemark/testing` is the same as tests, and every broker MUST pass all
 * of it.
 */
import type { Member } from "../protocol/index.js";
import type { HeldBy, Reign, ReignRequest } from "./reign-contract.js";
import type {
  Changed,
  ChangesDraft,
  ChangesHint,
  SlotsFrom,
  SlotsOptions,
  SlotsPage,
} from "./slots-contract.js";
import type { ThreadEntry } from "./thread-contract.js";
import type { Appended, Epoch, Key, Payload, Retain } from "./values.js";

export type { Appended, Epoch, Key, Payload, Retain } from "./values.js";

/** One entry of a channel's log. */
export interface Entry {
  /** MUST be strictly increasing over the life of the channel, and below 2^53; made out of time, see `nextOffset`. */
  readonly offset: number;
  /** MUST be the offset of the entry before it, 0 for the first. `entry.prev === cursor` is what continuity means. */
  readonly prev: number;
  readonly data: Payload;
  /** What stands beside the payload on the wire: the text of a JSON object. Opaque to a broker. */
  readonly meta?: string;
}

/** An entry to be. */
export interface Draft {
  readonly data: Payload;
  readonly meta?: string;
  readonly key: Key;
  /**
   * So many milliseconds after the call of `append` it MUST NOT be appended any more: its outcome is unknown then, or the
   * first one's offset where its key is known. What measures them is the clock of whoever appends, which is reckoned
   * from the caller's side so that it ends sooner rather than later. Left out: as long as the call may take.
   */
  readonly within?: number;
  /** The token of the reign that it is written under. Looked at where the log is `fenced`. */
  readonly reign?: string;
}

/**
 * As a draft's `within`: it is never appended, whatever clocks have done; its key is looked up. Its outcome is that of the
 * first append with the key, or unknown where there was none.
 */
export const ONLY_IF_KNOWN = -1e15;

/** What a log keeps: `entries`, the newest ones as they were appended. Without `retain` none of them. */
export type Keeping = { readonly by: "entries"; readonly retain?: Retain | undefined };

/** What the server knows of a channel and tells the broker with each call. */
export interface LogOptions {
  readonly keeping: Keeping;
  /** How long keys are remembered, in milliseconds. */
  readonly dedupe: number;
  /**
   * Nothing enters the log but under the reign that was taken last, see `reign`: a draft with another token, or with none, MUST be
   * `fenced`. Judged in the step of the append, behind the draft's key: a retry is told what became of the first one.
   */
  readonly fenced?: true;
}

/** Where to read. Forward: the oldest entries after an offset. Backward: the newest before one, still oldest first. */
export type ReadFrom =
  | { readonly after: number; readonly limit: number; readonly bytes: number }
  | { readonly before: number; readonly limit: number; readonly bytes: number };

/** A stretch of the log, with what it takes to judge a cursor. All of it is true at one moment. */
export interface Page {
  /** Oldest first. MUST be contiguous: each one's `prev` is the offset before it. */
  readonly entries: readonly Entry[];
  /** The `prev` of the oldest entry kept; the head when nothing is kept. */
  readonly oldestPrev: number;
  /** The offset of the newest entry ever appended, kept or not; 0 when there was none. */
  readonly head: number;
  /** Oldest first, at least one, at most 16; the last is the one being written. */
  readonly epochs: readonly Epoch[];
}

/** Entries as they were appended. A hint: it may be lost, late or repeated, and then reading repairs it. */
export interface Hint {
  readonly epoch: string;
  readonly entries: readonly Entry[];
}

/** A message that never enters the log. */
export interface Signal {
  readonly data: Payload;
  readonly meta?: string;
  /** Of signals with the same slot only the newest matters to someone who lags. */
  readonly slot: string;
}

/** One change of who is present. Versions of a channel grow by one; a hole means: ask `members` again. */
export interface PresenceChange {
  readonly version: number;
  /** Those who came, and those who were there and have other data now. */
  readonly joined: readonly Member[];
  readonly left: readonly Member[];
}

/**
 * What a follower is told. A broker MUST NOT call it before `follow` has resolved, nor after `stop`. A follower MUST NOT
 * throw, and MUST NOT change what it is given: others are given the same.
 */
export interface Follower {
  /** Entries were appended. At most once each in the usual case; the follower MUST check `prev` itself. */
  onEntries(hint: Hint): void;
  /** The same of a log that is kept by slots. */
  onChanges?(hint: ChangesHint): void;
  /** Signals were sent. MUST come at most once each, in the order of their sender. */
  onSignals(signals: readonly Signal[]): void;
  onPresence(change: PresenceChange): void;
  /** MUST be called when hints may have been lost: read the head, and the members where they matter. */
  onReset(): void;
}

/** An exclusive right with an end. */
export interface Lease {
  /** Tells this lease from every other one, of any name. MUST NOT be the same twice; no order is implied. */
  readonly token: string;
  /** Extends it by its full length from now. `false`: it was lost, and somebody else may hold it. */
  renew(): Promise<boolean>;
  /** Gives it up. Does nothing when it was lost already. */
  release(): Promise<void>;
}

/**
 * What an acknowledged append survives. `memory`: nothing; it ends with the broker's process. `disk`: the end of
 * the process and of the machine's power. `replicated`: the loss of a machine.
 */
export type Durability = "memory" | "disk" | "replicated";

/** A node among those that share a store. */
export interface NodeInfo {
  readonly id: string;
  /** Of the program it runs; empty when it did not say. */
  readonly version: string;
  /** What it reported last, such as `{ connections: 120 }`. May be a few seconds old. */
  readonly load: Readonly<Record<string, number>>;
  /** When it came, in milliseconds since 1970. */
  readonly since: number;
}

/** One node's connection to the logs. What fails MUST reject with a {@link BrokerError}, and MUST NOT wait for ever. */
export interface Broker {
  readonly durability: Durability;
  /** This node's id, as the others know it. */
  readonly node: string;
  /**
   * The way for another thread of this process to write the same logs while this one stands still. MAY be left out: a room that makes
   * its process stand still is then not marked in its log before that ends.
   */
  readonly otherThread?: ThreadEntry | undefined;

  /**
   * Appends drafts to a channel's log, in order, all at one moment, and hints the followers. The first append
   * creates the log, with the epoch that reads have told of until then. Retention MUST be applied in the same step. The
   * result has one outcome per draft; one draft's conflict MUST NOT stop the next. Within `dedupe`
   * milliseconds a key MUST NOT be appended twice. When this rejects, any prefix of the
   * drafts MAY have been appended: trying again with the same keys is safe. What was not appended by then MUST NOT be later,
   * however long the call is still on its way: whoever carries it out sees by its own clock that it comes too late.
   * Bytes that are kept MUST be copied: a draft's are often a view that would keep a whole receive buffer alive.
   */
  append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[]>;

  /**
   * Reads a page. Up to `limit` entries and about `bytes` bytes of them, but at least one entry where there is
   * one. MUST see every append acknowledged before the call, by any node. A log that nothing was appended to has an epoch
   * as well, which is good until the broker may have lost data; asking about it MUST leave nothing behind.
   */
  read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page>;

  /**
   * Appends drafts of changes to a log that is kept by slots, as `append` does drafts of messages. Where the store may have
   * lost data, the new epoch is opened before anything is judged. Then, for each draft: its key is looked up; its reign; its
   * conditions; what of it is no change; whether there is room.
   */
  change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Promise<Changed[]>;

  /** Reads a log that is kept by slots; opens a new epoch where the store may have lost data. Otherwise as `read`. */
  readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): Promise<SlotsPage>;

  /**
   * Takes the reign of a channel's log, unless another one has it whose time is not over. In the same step all tokens of
   * before are void, and a new epoch is opened where the store may have lost data. While the asker with the same `secret` has it,
   * this is that reign again, for its full length from now. Makes the log where there is none. As an append, it MUST NOT be
   * carried out when its caller has been told that it was not: a reign that came late would shut out whoever reigns by then.
   * Reigns of logs that are not `fenced` keep nobody out. What is kept of one MUST NOT count in the log, and goes with it.
   *
   * @example
   * const reign = await broker.reign("arena/1", { ttl: 5000, secret, note: broker.node }, options);
   * if ("heldBy" in reign) return askAgain(reign.heldBy, reign.left);
   * await broker.change("arena/1", [{ key, changes, reign: reign.token }], options);
   */
  reign(channel: string, request: ReignRequest, options: LogOptions | SlotsOptions): Promise<Reign | HeldBy>;

  /** Hands signals to the channel's present followers, on all nodes. MUST NOT keep them. */
  signal(channel: string, signals: readonly Signal[]): Promise<void>;

  /**
   * Follows a channel. MUST NOT resolve, with the way to stop, before every later append will be hinted (or reset).
   * Several followers of one channel on one broker are independent.
   */
  follow(channel: string, follower: Follower): Promise<() => void>;

  /**
   * Adds an instance (such as a connection) of a member. The first instance of a member id is announced as
   * joined; a later one takes its data's place, and is announced as joined again if that is other data. MUST end with
   * `leave` or with this node.
   */
  join(channel: string, member: Member, instance: string): Promise<void>;

  /**
   * Removes an instance. When the member has had none for `grace` milliseconds, it MUST be announced as left; one
   * that comes back in time, on any node, has neither left nor joined, and MUST NOT be announced.
   */
  leave(channel: string, id: string, instance: string, grace: number): Promise<void>;

  /** Who is present, those in their grace period included, and the version of the last change in it. */
  members(channel: string): Promise<{ members: Member[]; version: number }>;

  /** Takes a lease of `ttl` milliseconds if nobody holds it; `undefined` when somebody does. */
  lease(name: string, ttl: number): Promise<Lease | undefined>;

  /**
   * A subscriber has a cursor that names no entry, though it is of the epoch that is being written. A broker that cannot be sure
   * of its own age MAY take it for a sign that it has lost its end, and have the next append open a new epoch. It MUST NOT
   * believe it without end: anybody can make one up.
   */
  doubt?(channel: string, epoch: string, offset: number): void;

  /** The nodes that are there now, this one included. One that died without a word stays for a lease. */
  nodes(): Promise<NodeInfo[]>;

  /** What `nodes` says of this node's load from now on; the others may see it a few seconds later. */
  report(load: Readonly<Record<string, number>>): void;

  /**
   * Hands a text to the listeners of one node, or of all with `*`, this one included. At most once, in the order of
   * its sender; a node that is not there, or is cut off for a moment, does not get it, and nobody is told.
   */
  send(node: string, text: string): Promise<void>;

  /** Is called with every text sent to this node from now on. Returns the way to stop. */
  listen(listener: (text: string) => void): () => void;

  /**
   * Lets go of everything: followers and listeners MUST get nothing more, this node's members leave at once, leases are
   * released. Later calls MUST reject with `closed`.
   */
  close(): Promise<void>;
}

/** A broker call that failed. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly code: "unavailable" | "closed";

  constructor(code: "unavailable" | "closed", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** How long keys are remembered unless a channel says otherwise: 5 minutes, in milliseconds. */
export const DEFAULT_DEDUPE_MS = 300_000;

/** How many sequences are remembered per scope; a publisher keeps fewer than this unanswered on one channel. */
export const REMEMBERED_SEQUENCES = 256;

/** How many epochs a log remembers. */
export const REMEMBERED_EPOCHS = 16;
