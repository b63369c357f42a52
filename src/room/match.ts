/** Matchmaking as both sides know it: lists of rooms are rooms themselves, and this is what they are called and what they show. */
import { channelNameProblem, decodeSegment, utf8Length } from "../protocol/channel-name.js";
import { isIllFormed } from "./coding.js";
import { table, u16 } from "./columns.js";
import { room } from "./shape.js";

/** The first part of the names of such rooms. Applications have no channels of this name. */
export const MATCH = "$match";
/** The longest value that players are matched by, in bytes of UTF-8. */
export const MOST_VALUE = 64;
/** Stands where there is nothing to be matched by. */
const NOTHING = "-";

/** What {@link roomList} shows of a room. */
export const listed = table({
  /** How many play in it. */
  players: u16,
  /** How many may. */
  seats: u16,
});

/**
 * The shape of a list of rooms: those that `find` fills for the same name and match, full ones included, by the last part of their
 * channels' names. Who may see it subscribes to {@link listChannel}, without joining.
 *
 * @example
 * const list = listChannel("arena", arena.match, { mode: "ffa" });
 * // Rows of its table `rooms`: "~x7k2mq9Zp4Tt1bC" → { players: 7, seats: 10 }, the channel arena/~x7k2mq9Zp4Tt1bC
 */
export const roomList = room({
  rate: 0,
  seats: 1000,
  grace: "1s",
  keep: "inputs",
  checkpoint: "5s",
  state: { rooms: listed },
});

/**
 * The channel in which rooms of a name and a match are listed.
 *
 * @param name what stands before the last part of their channels' names
 * @param names the shape's `match`
 * @param match a value for each of them; one that is missing counts as empty
 * @throws {TypeError} for a value that is no text of at most 64 bytes, and where all of it is too long for a channel's name
 * @example listChannel("arena", ["mode"], { mode: "ffa" }) // "$match/arena/mode=ffa"
 */
export function listChannel(
  name: string,
  names: readonly string[],
  match: Readonly<Record<string, string>> = {},
): string {
  const parts = names.map((one) => `${encodeURIComponent(one)}=${encodeURIComponent(valueOf(one, match))}`);
  const channel = `${MATCH}/${name}/${parts.join("&") || NOTHING}`;
  const problem = channelNameProblem(channel);
  if (problem === undefined) return channel;
  throw new TypeError(`there is no list of rooms ${JSON.stringify(name)} for that match: ${problem}`);
}

/** What a list is of. */
export interface Listing {
  readonly name: string;
  /** In the order of the shape's `match`. */
  readonly match: ReadonlyMap<string, string>;
}

/** What the list in a channel is of, however its name is spelled; `undefined` for a channel that is none. */
export function listingOf(channel: string): Listing | undefined {
  const parts = channel.split("/");
  const last = parts.pop();
  const first = parts.shift();
  if (first === undefined || decodeSegment(first) !== MATCH || last === undefined || parts.length === 0)
    return undefined;
  const name = parts.join("/");
  const match = new Map<string, string>();
  if (last === NOTHING) return { name, match };
  for (const pair of last.split("&")) {
    const [one, value, ...rest] = pair.split("=").map(decodeSegment);
    if (one === undefined || value === undefined || rest.length > 0 || match.has(one)) return undefined;
    match.set(one, value);
  }
  return { name, match };
}

/** What is wrong with a value that players are matched by, as the end of a sentence; `undefined`: nothing. */
export function valueProblem(value: unknown): string | undefined {
  if (typeof value !== "string" || isIllFormed(value)) return "is no text";
  const bytes = utf8Length(value);
  return bytes > MOST_VALUE ? `has ${bytes} bytes; ${MOST_VALUE} is the most` : undefined;
}

function valueOf(name: string, match: Readonly<Record<string, string>>): string {
  const value = Object.hasOwn(match, name) ? match[name] : "";
  const problem = valueProblem(value);
  if (problem === undefined) return value ?? "";
  throw new TypeError(`match.${name} ${problem}`);
}
