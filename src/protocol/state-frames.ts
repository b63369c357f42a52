/** What only channels that are kept by keys say on the wire, as types; beside frames.ts. */

/** Which keys of a channel that is kept by keys: those with a prefix, or those of a list. With neither of them: all. */
export interface SlotFilter {
  readonly prefix?: string;
  /** 1 to 1,000. */
  readonly keys?: readonly string[];
}

/** What a subscriber of such a channel wants to see of it. */
export interface ViewOptions extends SlotFilter {
  /** Messages a second at most; 0 for none until that is changed. Without it: as they come. */
  readonly rate?: number;
  /** The `view` that was answered when the cursor was given out; with another one the subscription begins anew. */
  readonly view?: string;
  /** How many bytes of lines the server sends ahead of what was acknowledged. 1,024 to 16 MiB; without it, as the socket takes them. */
  readonly window?: number;
}

/** How many lines of a subscription with a window have come. Only the newest number counts. */
export interface AckCommand {
  /** The channel's number on this connection. */
  readonly ch: number;
  /** Lines since the subscription's `ok`. */
  readonly n: number;
}

/** How often a subscriber of a channel that is kept by keys is told something, from now on. */
export interface TuneCommand {
  readonly channel: string;
  /** Messages a second at most, 0 for none; `undefined`, null on the wire, as they come. */
  readonly rate: number | undefined;
}

/** What a tune command is answered with. */
export interface TuneResult {
  /** How many messages a second there are at most from now on; absent where that is not limited. */
  readonly rate?: number;
}

/**
 * What a publish to a channel of keys says as its data. All keys are changed at once, or none is; each is named once, 1,000 at most,
 * and has at most 256 bytes.
 */
export interface ChangeData {
  /** What keys are to hold. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Fields to be put into the objects that keys hold, null for those to be taken out. Keys that hold nothing get them as they are. */
  readonly merge?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly delete?: readonly string[];
  /** Milliseconds until the keys that are set and merged are deleted; a merge without it leaves that as it was. */
  readonly ttl?: number;
  /** What must be so; otherwise `conflict`. */
  readonly if?: {
    /** `keys` have not changed since this cursor. */
    readonly since?: string;
    readonly keys?: readonly string[];
    /** These hold nothing. */
    readonly absent?: readonly string[];
  };
}

/** What a publish to a channel of keys is answered with. */
export interface ChangeResult {
  /** Where the change is in the log. */
  readonly cursor: string;
  /** Said where all keys held already what they were to hold. */
  readonly same?: true;
}

/** What a get command is answered with. */
export interface GetResult {
  /** Where the channel was read: good for a condition. */
  readonly cursor: string;
  /** What the keys hold that hold something. */
  readonly values: Readonly<Record<string, unknown>>;
}
