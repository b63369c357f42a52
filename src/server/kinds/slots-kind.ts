/**
 * What a kind has to tell whose channels are kept by slots: what one who is behind gets is each changed slot once, with its
 * newest value, all of them at once.
 */
import type {
  Change,
  ChangesEntry,
  Condition,
  Payload,
  SlotsOptions,
  SlotsPage,
} from "../../broker/index.js";
import type { Cursor, SlotFilter } from "../../protocol/index.js";
import type { Chunk } from "../delivery/chunk.js";
import type { Cut } from "./cut.js";
import type { Traits } from "./traits.js";

/** A kind whose channels are kept by slots: publishes change several of them at once, and a place in the log is a cursor. */
export interface SlotsKind extends Traits {
  readonly logged: true;
  readonly by: "slots";
  memory(place: SlotsPlace): SlotsMemory;
  /** @param from 0, into an empty memory; or the place up to which a memory is complete, to mend a hole behind it */
  walk(from: number): Walk;
  /** Equal filters make equal views. */
  view(filter: SlotFilter): View;
  /**
   * What a publish asks for.
   *
   * @throws {TidemarkError} `bad_request` or `limit_reached`, which says why
   */
  request(data: unknown): ChangeRequest;
  /**
   * What a slot holds after a merge.
   *
   * @throws {TidemarkError} `invalid` where it holds what nothing can be merged into
   */
  merged(slot: string, held: Payload | undefined, fields: Readonly<Record<string, unknown>>): unknown;
  /**
   * Whether a text that did not come in a request is the name of a slot.
   *
   * @throws {TidemarkError} `bad_request` or `limit_reached`
   */
  slot(name: string): string;
  /**
   * The same of a time to live, in milliseconds; `undefined` is none.
   *
   * @throws {TidemarkError} `bad_request`
   */
  ttl(value: unknown): number | undefined;
  /**
   * Whether changes may go together.
   *
   * @throws {TidemarkError} `limit_reached`
   */
  mustFit(changes: readonly Change[]): void;
}

/** What a publish asks for: to change slots, all of them at once or none. It names each slot that it changes once. */
export interface ChangeRequest {
  /** What slots are to hold. */
  readonly set: ReadonlyMap<string, unknown>;
  /** Fields of what slots hold, by slot; null for those that go. */
  readonly merge: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly delete: readonly string[];
  /** Milliseconds until what is set and merged is due to be deleted. */
  readonly ttl?: number;
  /** What must be so. */
  readonly if: readonly Condition[];
}

/** Whose memory it is: one channel, as one node has it open. */
export interface SlotsPlace {
  /** The channel's name. */
  readonly channel: string;
  /** This node's number for the channel, that lines begin with. */
  readonly ch: number;
  /** What the channel's log keeps. */
  readonly log: SlotsOptions;
  /** How many messages a second a subscriber gets at most; `undefined` where that is up to each. */
  readonly rate?: number | undefined;
}

/** Which slots one wants to hear of. */
export interface View {
  /** Names the filter, for whoever comes back with a cursor of it; `undefined` where everything is wanted. */
  readonly id: string | undefined;
  /** The same text for equal filters, and for no others. */
  readonly key: string;
  /** What the names begin with, where that is the filter; */
  readonly prefix?: string;
  /** or all of the names, each once. */
  readonly names?: readonly string[];
  wants(slot: string): boolean;
}

/** How many changes a view has seen up to a place. Two of one era can be told apart by their number; of others nothing is known. */
export interface Tally {
  readonly era: number;
  readonly changes: number;
}

/**
 * What a node holds of a channel that is kept by slots: what the log adds up to, from a floor of its own on. Its size is the log's
 * own limit.
 */
export interface SlotsMemory {
  /** Up to where it is complete. */
  readonly head: number;
  /** From a cursor below it, what follows is not known: tombstones are missing. */
  readonly floor: number;
  /** About how many bytes it holds. */
  readonly bytes: number;
  /** The next entry of the log, all of whose changes are known. */
  push(entry: ChangesEntry): void;
  /** What a walk has brought. */
  take(walked: Walked): void;
  /** Forgets everything: what comes next is a walk from 0. */
  clear(): void;
  /** Somebody sees this from here on, until `unfollow` was called as often: its changes are counted. */
  follow(view: View): void;
  unfollow(view: View): void;
  /**
   * What follows `from`, up to the head; `undefined` where that is below the floor. From 0 it is all that there is.
   *
   * @param since how many changes there were up to `from`, where that is known
   */
  cut(from: Cursor, view: View, since?: Tally): SlotsCut | undefined;
  /** A message that only says where one stands. */
  cursorOnly(at: Cursor): Chunk;
}

/** A consistent piece from one place to another, for whoever stands at `from` or behind it, up to its end. */
export interface SlotsCut extends Cut {
  /** How many changes it has. */
  readonly count: number;
  /** Oldest first; those of a cut from 0 are all that is held. */
  readonly changes: readonly Pick<Change, "slot" | "data">[];
  /** About how many bytes it holds, whatever has been sent of it. */
  readonly bytes: number;
  /** How many changes there were up to its end; `undefined` where that is not counted. */
  readonly tally: Tally | undefined;
}

/** The newest change of a slot. */
export interface KnownSlot {
  readonly offset: number;
  /** `undefined`: a tombstone. */
  readonly data: Payload | undefined;
}

/** What a walk has brought. */
export interface Walked {
  /** What is new in it, oldest change first. */
  readonly slots: ReadonlyMap<string, KnownSlot>;
  /** Up to where it is complete. */
  readonly at: number;
  /** The highest floor that its pages said. */
  readonly floor: number;
}

/** What a page makes of a walk. */
export type WalkStep =
  /** Read on from here. */
  | { readonly go: "on"; readonly after: number }
  /** What was brought cannot be completed: forget it, and the memory with it, and begin a walk from 0. */
  | { readonly go: "again" }
  /** It has ended. */
  | ({ readonly go: "ended" } & Walked);

/** How a node reads a log by slots while it goes on changing. */
export interface Walk {
  /** A hint came while it is under way; all of them since before its first page was asked for. */
  hint(entry: ChangesEntry, epoch: string): void;
  /** A page was read from where the walk stood. */
  page(page: SlotsPage): WalkStep;
  /** Hints that came and lie behind its end. */
  readonly rest: readonly ChangesEntry[];
}
