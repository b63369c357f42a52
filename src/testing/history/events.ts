/**
 * What happened, one event after the other, as those who were there saw it. `checkHistory` judges it. A simulation
 * writes it, and so can a test against real servers; where the log's own view is not known, leave its events out of
 * nothing: the checker needs every append.
 */
import type { GapReason } from "../../protocol/index.js";

/** The name of a message: unique over the whole history, `publisher/sequence` by convention. */
export type MessageId = string;

/** A place in a log, as a subscriber's cursor has it. */
export interface Place {
  readonly epoch: string;
  readonly offset: number;
}

/** What the log itself did. */
export type LogEvent =
  | {
      readonly is: "append";
      readonly channel: string;
      readonly epoch: string;
      readonly offset: number;
      readonly prev: number;
      readonly id: MessageId;
    }
  /** Entries up to and including `until` are not kept any more. */
  | { readonly is: "trim"; readonly channel: string; readonly until: number }
  /** The broker lost what came after `head`; with `head` 0 all of it. */
  | { readonly is: "loss"; readonly channel: string; readonly head: number; readonly allowed: boolean };

/** What a publisher did and was told. */
export type PublisherEvent =
  | {
      readonly is: "publish";
      readonly channel: string;
      readonly publisher: string;
      readonly sequence: number;
      readonly id: MessageId;
    }
  | { readonly is: "ack"; readonly channel: string; readonly id: MessageId; readonly offset: number }
  /** `never`: it was said not to be in the log. `unknown`: nobody could say. */
  | {
      readonly is: "refused";
      readonly channel: string;
      readonly id: MessageId;
      readonly outcome: "never" | "unknown";
      readonly code: string;
      /** So many milliseconds later it must not be appended any more: its key may be forgotten. Any time unless given. */
      readonly within?: number;
    };

/** Where a subscriber asked to begin, unless that was the head or a cursor, and whether it was told that it got all of it. */
export interface Asked {
  /** The lowest offset that a message of the time that it asked for can have. */
  readonly since?: number;
  /** How many messages back. */
  readonly last?: number;
  /** When it asked first; without it, when it was answered. */
  readonly asked?: number;
  readonly complete?: boolean;
}

/** What a subscriber of a stream saw. Places are its cursor after the event. */
export type SubscriberEvent =
  | ({
      readonly is: "open";
      readonly subscriber: string;
      readonly channel: string;
      readonly at: Place;
    } & Asked)
  /** It came back and stands at `at`. */
  | { readonly is: "resume"; readonly subscriber: string; readonly at: Place }
  | { readonly is: "message"; readonly subscriber: string; readonly at: Place; readonly id: MessageId }
  | {
      readonly is: "gap";
      readonly subscriber: string;
      readonly after: number;
      readonly at: Place;
      readonly reason: GapReason;
    }
  | { readonly is: "close"; readonly subscriber: string };

/** A page of history that somebody read. */
export interface PageEvent {
  readonly is: "page";
  readonly reader: string;
  readonly channel: string;
  readonly before?: number;
  readonly after?: number;
  /** The lowest offset that a message of the time that was asked for can have. */
  readonly since?: number;
  readonly entries: readonly { readonly offset: number; readonly id: MessageId }[];
  readonly complete: boolean;
  readonly more: boolean;
}

/** What became of calls of methods. */
export type CallEvent =
  | { readonly is: "call"; readonly caller: string; readonly id: string }
  /** The method began to run. */
  | { readonly is: "run"; readonly id: string }
  /** `value` is what the caller got, `never` and `unknown` are as for a publish, `failed` is what the method threw. */
  | {
      readonly is: "answer";
      readonly id: string;
      readonly outcome: "ok" | "failed" | "never" | "unknown";
      readonly value?: string;
      readonly code?: string;
    };

/** Messages of channels without a log. `connection` names one connection's life. */
export type SignalEvent =
  | { readonly is: "signal"; readonly channel: string; readonly connection: string; readonly id: MessageId }
  | {
      readonly is: "heard";
      readonly subscriber: string;
      readonly connection: string;
      readonly channel: string;
      readonly id: MessageId;
    };

/** What happens on a channel that is kept by keys. Values are told as their JSON. */
export type StateEvent = { readonly channel: string } & (
  | {
      /** The log goes on in another epoch, behind `base` of the one before. */
      readonly is: "epoch";
      readonly epoch: string;
      readonly base: number;
      readonly parent: string | undefined;
    }
  /** Tombstones at and below it are not kept. */
  | { readonly is: "floor"; readonly floor: number }
  | {
      readonly is: "change";
      readonly epoch: string;
      readonly offset: number;
      readonly prev: number;
      /** Of the publish, where it says one. */
      readonly id: MessageId | undefined;
      /** `null`: deleted. */
      readonly changes: readonly { readonly slot: string; readonly text: string | null }[];
      readonly if?: readonly { readonly slot: string; readonly since: Place | "absent" | "due" }[];
    }
  /** Somebody sees the channel from here on, through a filter of that name; nodes keep so many tombstones. */
  | {
      readonly is: "view";
      readonly subscriber: string;
      readonly view: string;
      readonly at: Place;
      /** Up to where it has seen another view of the channel, where it begins anew. */
      readonly seen?: Place | undefined;
      readonly graves: number;
      /** Of what it holds already, where `at` is not the beginning. */
      readonly digest: number;
    }
  /** It came back and stands at `at`; `seen` as above. */
  | {
      readonly is: "back";
      readonly subscriber: string;
      readonly at: Place;
      readonly seen?: Place | undefined;
    }
  /** It has applied a message, whole, and what it holds has that digest. */
  | { readonly is: "applied"; readonly subscriber: string; readonly at: Place; readonly digest: number }
  | {
      readonly is: "leap";
      readonly subscriber: string;
      readonly after: number;
      readonly at: Place;
      readonly reason: GapReason;
    }
  /** It wants to be told nothing for now, or something again. */
  | { readonly is: "paused"; readonly subscriber: string; readonly isPaused: boolean }
  /** Long after, it has a part of a message and not the others. */
  | { readonly is: "within"; readonly subscriber: string }
  | { readonly is: "unview"; readonly subscriber: string }
  | {
      readonly is: "asks";
      readonly publisher: string;
      readonly sequence: number;
      readonly id: MessageId;
    }
  | { readonly is: "placed"; readonly id: MessageId; readonly at: Place }
  /** As a publisher's `refused`. */
  | {
      readonly is: "turned down";
      readonly id: MessageId;
      readonly outcome: "never" | "unknown";
      readonly code: string;
      readonly within?: number;
    }
);

/** Who is there. */
export type PresenceEvent =
  /** A subscriber's list, and who really is there. */
  | {
      readonly is: "members";
      readonly subscriber: string;
      readonly channel: string;
      readonly seen: readonly string[];
      readonly expected: readonly string[];
    }
  /** What the joins and leaves that a subscriber was told make of the list before, and the list it then had. */
  | {
      readonly is: "roster";
      readonly subscriber: string;
      readonly channel: string;
      readonly told: readonly string[];
      readonly seen: readonly string[];
    };

/** What the run itself asks to be judged. */
export type RunEvent =
  /** Faults have stopped for long enough: every open subscriber must have all there is, every publish its answer. */
  | { readonly is: "quiet"; readonly final: boolean }
  /** No fault has happened in this history: then there is no reason for any gap. */
  | { readonly is: "calm" }
  | { readonly is: "held"; readonly who: string; readonly bytes: number; readonly cap: number }
  /** Something that must not happen at all, such as an error in a server's log. */
  | { readonly is: "complaint"; readonly who: string; readonly what: string };

/** Something that happened in a run, as {@link checkHistory} is told of it. */
export type HistoryEvent = { readonly time: number } & (
  | LogEvent
  | PublisherEvent
  | SubscriberEvent
  | PageEvent
  | CallEvent
  | SignalEvent
  | StateEvent
  | PresenceEvent
  | RunEvent
);

/** A promise that a history breaks. */
export interface Violation {
  readonly promise: PromiseName;
  /** What happened, with every name and number that it takes to find it. */
  readonly message: string;
  /** The event at which it showed, by its number in the history. */
  readonly event: number;
  readonly time: number;
}

/** The promises by name; docs/reliability.md says them in full. */
export type PromiseName =
  | "no silence"
  | "no repeats"
  | "one order"
  | "publisher order"
  | "history"
  | "acknowledged"
  | "at most once"
  | "honest gaps"
  | "calls"
  | "transients"
  | "one map"
  | "conditions"
  | "one owner"
  | "one run"
  | "frames"
  | "inputs"
  | "seats"
  | "presence"
  | "bounded memory"
  | "progress"
  | "no complaints";
