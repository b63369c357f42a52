/**
 * What kinds of channels differ in: what one who is behind gets. All else about a channel asks its kind for what it does;
 * its name is for clients.
 */
import type { Entry, LogOptions, Page, Signal } from "../../broker/index.js";
import type { Cursor } from "../../protocol/index.js";
import type { EncodedLine } from "../delivery/chunk.js";
import type { Gap } from "../delivery/encode.js";
import type { LargePayloads } from "../delivery/large-payloads.js";
import type { Cut } from "./cut.js";
import type { SlotsKind } from "./slots-kind.js";
import type { Traits } from "./traits.js";

export type { Cut } from "./cut.js";

/** With a log, by entries or by slots, or with signals only; or a room, which somebody runs. */
export type Kind = LogKind | SlotsKind | SignalKind | RoomKind;

/** A kind whose channels have a log: publishes are appended, and a place in it is a cursor. */
export interface LogKind extends Traits {
  readonly logged: true;
  readonly by: "entries";
  memory(place: Place): LogMemory;
  /** What follows `from`, where `page` was read after `from.offset`. A pure function. */
  readOn(from: Cursor, page: Page): Reading;
}

/** A kind whose channels have no log: publishes are signals, told to those who are there. */
export interface SignalKind extends Traits {
  readonly logged: false;
  readonly by: "nothing";
  memory(place: Place): SignalMemory;
}

/** A kind whose channels are rooms: code of the application runs there, and subscribers see what it makes, or play. */
export interface RoomKind extends Traits {
  readonly logged: true;
  readonly by: "room";
}

/** Whose memory it is: one channel, as one node has it open. */
export interface Place {
  /** The channel's name. */
  readonly channel: string;
  /** This node's number for the channel, that lines begin with. */
  readonly ch: number;
  /** What the channel's log keeps. */
  readonly log: LogOptions;
  /** The node's payloads that go in parts. */
  readonly large: LargePayloads;
}

/** What one is told on a channel with a log, in order. */
export type Step = { readonly gap: Gap } | { readonly entry: Entry };

/** What follows a cursor, as a page of the log says it. */
export interface Reading {
  readonly steps: readonly Step[];
  /** Where one stands after the steps. */
  readonly cursor: Cursor;
  /**
   * `head`: that is all there is. `more`: read again from `cursor`. `ahead`: the cursor is beyond what this read
   * saw; the read was stale, or the broker lost its end and has appended nothing since. Judge again when it has.
   */
  readonly standing: "head" | "more" | "ahead";
}

/** What a node holds of a channel for those who are behind: the newest of it, encoded, ready to be sent again. */
export interface Memory<S> {
  /**
   * Hot path. Takes what comes next, which is of the epoch `epoch`; returns its line, for those who are not behind. `undefined`
   * where it is more than a line: then everybody is behind, and gets it by `cut`.
   */
  push(step: S, epoch: string): EncodedLine | undefined;
  /**
   * What one gets next who stands at `from`: about a page, at least one line. `undefined` where nothing follows here, or the
   * memory does not reach back so far. `now` is the time of day in milliseconds: what is too old for the log is not given.
   */
  cut(from: Cursor, now: number): Cut | undefined;
}

/** The memory of a channel with a log: its newest steps, one after the other. */
export interface LogMemory extends Memory<Step> {
  /**
   * Whether the log keeps what is held here: then it may be told to everybody. What a log that keeps nothing says to a
   * stranger is not what is held here for those who were live and lag.
   */
  readonly kept: boolean;
  /** Forgets everything: what comes next does not follow it. */
  clear(): void;
  /**
   * The message of several parts that ends at `end`, for one who was sent some of it already; `undefined` where it is not held any
   * more, or is too old for the log.
   */
  rest(end: Cursor, now: number): Cut | undefined;
  /**
   * The same as `cut`, from steps that were read after `from` where the memory does not reach back; they end at `end`. The cut may
   * end before that: a message of several parts is a cut by itself.
   */
  cutOf(from: Cursor, steps: readonly Step[], end: Cursor): Cut;
  /** The offset that the newest `count` entries follow, of which there is one at least; `undefined` where fewer are held, or `kept` is false. */
  startOfLast(count: number, now: number): number | undefined;
}

/** The memory of a channel without a log. A place in it is how many signals it has taken. */
export interface SignalMemory extends Memory<Signal> {
  /** How many signals it has taken. */
  readonly taken: number;
  /** At the end of a turn: lets go of what is above its bounds, and of everything where nobody is behind. */
  trim(isAnyoneBehind: boolean): void;
}
