/** The place that a message got. */
export interface Published {
  /** Its offset in the channel's log, the same that subscribers see. */
  readonly offset: number;
}

/** A publish that is under way. */
export interface Publishing extends Promise<Published> {
  /** Its number: the `idem` of the message, where the channel says who its senders are. */
  readonly idem: number;
}
