/**
 * What a broker promises about who may write a log alone. A reign is taken in one step, in the log itself: who takes it has
 * shut out whoever had it before, and neither pauses nor late commands open a way back.
 */

/** What somebody says who wants to write a log alone. */
export interface ReignRequest {
  /** After so many milliseconds others may take it, unless it is renewed; above 0, at most a day. The broker's time counts. */
  readonly ttl: number;
  /** Names the asker, and nobody else has it: asking again with it while the reign is the asker's is no second one. */
  readonly secret: string;
  /** What others are told who ask meanwhile, such as this node's id. Kept with the log: some hundred bytes. */
  readonly note: string;
}

/**
 * The right to write a log alone. It belongs to the log: it does not end with its node, but when another one takes it, when it
 * is released, and with the log. After its time it is still good until another one takes it: what protects the log is
 * that the token is judged in each append, and the time only says when others may come.
 */
export interface Reign {
  /**
   * What drafts carry as `reign`. MUST have 48 random bits or more, and MUST NOT be the same twice; no order is implied. Which of two
   * is the later one is in the log, where it was written.
   */
  readonly token: string;
  /**
   * Extends it by its full length from now, also where its time was over. `false`: another one has taken it, it was released, or
   * the log has lost it.
   */
  renew(): Promise<boolean>;
  /** Frees it. To a fenced log nothing is appended any more then before the next one is taken. Does nothing when it was lost already. */
  release(): Promise<void>;
}

/** Somebody else reigns. */
export interface HeldBy {
  /** The note of whoever does. */
  readonly heldBy: string;
  /** Milliseconds, above 0, until it may be taken, unless it is renewed. */
  readonly left: number;
}
