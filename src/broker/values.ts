/** What drafts, entries and their outcomes are made of, however a log is kept. */

/** A payload as the log keeps it: JSON text, or bytes. Opaque to a broker, which MUST give it back as it was. */
export type Payload = string | Uint8Array;

/** How an append is recognised when it is tried again. Every append has a key; the node makes one where a client gave none. */
export interface Key {
  /** Whose key: user and publisher, as one text that nobody can choose for somebody else. */
  readonly scope: string;
  /** A number is the scope's sequence on this channel and only grows; a text is a key of any other making. */
  readonly id: number | string;
  /** A fingerprint of the payload as its publisher sent it. The same key with another one is a conflict. */
  readonly print: number;
}

/** Which entries a log keeps. Without any of these limits it keeps none: the channel is live only. */
export interface Retain {
  /** At most this many entries. */
  readonly count?: number;
  /** At most this many bytes of payload and meta. */
  readonly bytes?: number;
  /** Entries appended at most this many milliseconds ago. Also filters reads. */
  readonly age?: number;
}

/** What became of one draft. */
export type Appended =
  | {
      readonly offset: number;
      /** True when an earlier append with this key is what `offset` names. */
      readonly duplicate: boolean;
    }
  /** The key was used with another payload; nothing was appended. */
  | { readonly error: "key_conflict" }
  /** The key is older than what the broker still remembers of its scope, or `within` is over; nothing was appended now. */
  | { readonly error: "outcome_unknown" }
  /** The log is fenced, and another reigns over it, or nobody; nothing was appended. The key is as good as new. */
  | { readonly error: "fenced" };

/**
 * A stretch of a log's life in which nothing was lost. Entries after `base` belong to it, up to the next one's base. Where
 * appended entries may have been lost, the next entry MUST be of a new epoch, whose name no log of the channel ever had.
 */
export interface Epoch {
  readonly epoch: string;
  readonly base: number;
  /** Another name for the same, which was told before the log had any entry. */
  readonly earlier?: string;
}
