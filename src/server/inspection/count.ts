/** The channels of this node that somebody is subscribed to, a page of them at a time. */
import type { Kind } from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";
import type { ActiveChannel } from "../feed/active-channel.js";

/** Channels on one page, at most and unless asked otherwise. */
const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

/** Which channels: names that begin with `prefix`, behind `after`, at most `limit` of them in the order of their names. */
export interface PageOfNames {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
}

/** Which part of the channels is wanted. */
export interface ChannelsQuery {
  /** Only channels whose name begins so. */
  readonly prefix?: string | undefined;
  /** Only channels whose name comes after this one: the `next` of the page before. */
  readonly after?: string | undefined;
  /** At most so many, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
}

/** @throws {TidemarkError} `bad_request` when the limit is none */
export function pageOfNames({ prefix = "", after = "", limit = DEFAULT_PAGE }: ChannelsQuery): PageOfNames {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    throw new TidemarkError("bad_request", `limit is a whole number from 1 to ${MAX_PAGE}`);
  return { prefix, after, limit };
}

/** A channel that somebody is subscribed to. */
export interface ChannelCount {
  readonly channel: string;
  readonly kind: Kind;
  /** Connections that are subscribed to it. */
  readonly subscribers: number;
  /** Who is present, each counted once; missing on channels without presence. */
  readonly members?: number;
}

export interface Counted {
  /** In the order of their names. */
  readonly channels: readonly ChannelCount[];
  /** Whether there are more behind them. */
  readonly more: boolean;
}

/** Names in an order that is the same on all nodes, wherever they are. */
export function byName(a: ChannelCount, b: ChannelCount): number {
  return a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : 0;
}

/** What this node has of a page. Holds twice `limit` at most, however many channels there are. */
export function countChannels(channels: Iterable<ActiveChannel>, page: PageOfNames): Counted {
  const { prefix, after, limit } = page;
  const found: ChannelCount[] = [];
  let last: string | undefined;
  let more = false;
  const cut = (): void => {
    found.sort(byName);
    if (found.length <= limit) return;
    found.length = limit;
    more = true;
    last = found.at(-1)?.channel;
  };
  for (const { resolved, audience, roster } of channels) {
    const { name, def } = resolved;
    if (audience.size === 0 || name <= after || !name.startsWith(prefix)) continue;
    if (last !== undefined && name > last) continue;
    found.push({
      channel: name,
      kind: def.kind.name,
      subscribers: audience.size,
      ...(roster !== undefined && { members: roster.count }),
    });
    if (found.length >= 2 * limit) cut();
  }
  cut();
  return { channels: found, more };
}

/** What all nodes have of a page, out of what each of them has of it. */
export function addUp(parts: Iterable<Counted>, { limit }: PageOfNames): Counted {
  const sums = new Map<string, ChannelCount>();
  let more = false;
  for (const part of parts) {
    more ||= part.more;
    for (const one of part.channels) {
      const sum = sums.get(one.channel);
      sums.set(one.channel, sum === undefined ? one : sumOf(sum, one));
    }
  }
  const channels = [...sums.values()].sort(byName);
  return { channels: channels.slice(0, limit), more: more || channels.length > limit };
}

function sumOf(a: ChannelCount, b: ChannelCount): ChannelCount {
  const { channel, kind } = a;
  const subscribers = a.subscribers + b.subscribers;
  if (a.members === undefined && b.members === undefined) return { channel, kind, subscribers };
  // Every node with a subscriber knows all members, whichever node they are on.
  return { channel, kind, subscribers, members: Math.max(a.members ?? 0, b.members ?? 0) };
}
