/** What only rooms say on the wire, as types; beside frames.ts. */

/** What a subscription to a room may say. Without `join` it only looks on. */
export interface PlayOptions {
  /** What one plays with: any JSON, null too. Who says it wants a seat. */
  readonly join?: unknown;
  /**
   * Makes the seat of a client whose user has no id: 16 to 64 letters, digits, `-` and `_`, made up once and kept. Not looked at where the
   * user has one.
   */
  readonly secret?: string;
  /** The client had this seat before. */
  readonly had?: boolean;
  /** What it is matched by, for a room that nobody has made yet: at most 8 names, texts of at most 64 bytes. */
  readonly match?: Readonly<Record<string, string>>;
  /** How many bytes a frame may take, 256 to 1 MiB; without it as many as there are. */
  readonly budget?: number;
}

/** What is said besides in the answer to a subscription to a room. */
export interface PlayResult {
  /** The id of the seat; absent for those who look on. */
  readonly seat?: string;
  /** The number of the newest input that the seat has had, 0 for none. */
  readonly last?: number;
  /** Names the room's tables and rate: see `shapeName`. Who has another one cannot read its frames. */
  readonly shape?: string;
}

/** An input, or what was seen without one: an array from a client. */
export interface InputLine {
  /** The number that the channel has on this connection; over HTTP its name. */
  readonly to: number | string;
  /** Counted from 1 for each seat; 0: no input, only what was seen. */
  readonly n: number;
  readonly input: unknown;
  /** The tick that its player saw. */
  readonly seen: number | undefined;
}

/** An input that was not taken. Its number is done with all the same. */
export interface RefusedInput {
  readonly event: "refused";
  readonly ch: number;
  readonly n: number;
  readonly code: string;
  readonly message: string;
  /** Milliseconds until there is room for the next one. */
  readonly after?: number;
  /** Where it does not fit its schema. */
  readonly issues?: readonly { readonly message: string; readonly path?: readonly (string | number)[] }[];
}

/** The same in the answer to a request, where channels have no numbers. */
export interface RefusedOverHttp extends Omit<RefusedInput, "ch"> {
  /** As the input named it. */
  readonly channel: string;
}
