/** Finding a room to play in, as connections ask for it. */

/** What somebody wants to find. */
export interface Finding {
  /** What stands before the last part of the channels' names, such as `arena`. */
  readonly name: string;
  /** What players are matched by; a name that is missing is as if it were empty. */
  readonly match: Readonly<Record<string, string>>;
  /** Whose seat it is to be. */
  readonly owner: { readonly user: string } | { readonly secret: string };
  /** `fill`: any room with a place; `private`: a new one that is only found by its code; otherwise the one with this code. */
  readonly how: "fill" | "private" | { readonly code: string };
  /**
   * Told of the channel that is about to be used here for this, which may be new to this server.
   *
   * @throws {TidemarkError} why it may not
   */
  readonly mayUse: (channel: string) => void;
  /**
   * Asked before a room of this name is made.
   *
   * @throws {TidemarkError} as a rejection, why there may be none
   */
  readonly mayMake: (channel: string) => Promise<void>;
}

/** A room in which a seat is kept for who asked. */
export interface Found {
  readonly channel: string;
  /** Of a private one that is new: who knows it finds it. */
  readonly code?: string;
}

export interface Matching {
  /**
   * Finds a room, or makes one, and has a seat kept in it for some seconds.
   *
   * @throws {TidemarkError} as a rejection: `not_found`, `bad_request`, `room_full`, `room_closed`, `unavailable`, and what `mayMake`
   * says
   */
  find(finding: Finding): Promise<Found>;
}
