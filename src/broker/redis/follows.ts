import type { Member } from "../../protocol/index.js";
import type { Follower, PresenceChange } from "../contract.js";
import { FollowerList } from "../memory/follower-list.js";
import { decodeHint, decodeSignals } from "./entry-codec.js";
import type { Keys } from "./keys.js";
import { readMember } from "./member-codec.js";
import { decodeChangesHint } from "./slots-codec.js";
import type { Topics } from "./topics.js";

const ENTRIES = 0x65; // e
const CHANGES = 0x63; // c
const SIGNALS = 0x73; // s
const RESET = 0x72; // r
const PRESENCE = 0x70; // p

interface Followed {
  readonly followers: FollowerList;
  readonly opened: Promise<void>;
  /** Follows that are under way or going on. */
  uses: number;
}

/** Who follows which channel on this node: one topic for all the followers of a channel. */
export class Follows {
  readonly #topics: Topics;
  readonly #keys: Keys;
  readonly #onError: (error: unknown) => void;
  /** Messages of kinds that this version does not know, such as a newer one's. */
  #unknown = 0;
  readonly #channels = new Map<string, Followed>();
  readonly #stops = new Set<() => void>();

  constructor(topics: Topics, keys: Keys, onError: (error: unknown) => void) {
    this.#topics = topics;
    this.#keys = keys;
    this.#onError = onError;
  }

  async follow(channel: string, follower: Follower): Promise<() => void> {
    const followed = this.#channels.get(channel) ?? this.#open(channel);
    followed.uses += 1;
    try {
      await followed.opened;
    } catch (error) {
      this.#release(channel, followed);
      throw error;
    }
    const remove = followed.followers.add(follower);
    const stop = (): void => {
      if (!this.#stops.delete(stop)) return;
      remove();
      this.#release(channel, followed);
    };
    this.#stops.add(stop);
    return stop;
  }

  /** How many messages were passed over because this version does not know their kind. */
  get unknown(): number {
    return this.#unknown;
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#channels.clear();
    for (const stop of this.#stops) stop();
  }

  #open(channel: string): Followed {
    const followers = new FollowerList(this.#onError);
    const opened = this.#topics.open(this.#keys.topic(channel), {
      onMessage: (message) => {
        if (!tell(followers, message)) this.#unknown++;
      },
      onReset: () => followers.tellReset(),
    });
    const followed: Followed = { followers, opened, uses: 0 };
    this.#channels.set(channel, followed);
    return followed;
  }

  #release(channel: string, followed: Followed): void {
    followed.uses -= 1;
    if (followed.uses > 0 || this.#channels.get(channel) !== followed) return;
    this.#channels.delete(channel);
    this.#topics.close(this.#keys.topic(channel));
  }
}

/**
 * Hot path: once per append that is heard, on each node that hears it. Says whether it is a message of a kind that this version
 * knows.
 */
function tell(followers: FollowerList, message: Buffer): boolean {
  switch (message[0]) {
    case ENTRIES: {
      const { epoch, entries } = decodeHint(message);
      followers.tellEntries(epoch, [...entries]);
      return true;
    }
    case CHANGES: {
      const { epoch, entries } = decodeChangesHint(message);
      followers.tellChanges(epoch, [...entries]);
      return true;
    }
    case SIGNALS:
      followers.tellSignals(decodeSignals(message));
      return true;
    case RESET:
      followers.tellReset();
      return true;
    case PRESENCE:
      followers.tellPresence(readChange(message));
      return true;
    default:
      return false;
  }
}

function readChange(message: Buffer): PresenceChange {
  const { version, joined, left } = JSON.parse(message.toString("utf8", 1)) as Record<
    keyof PresenceChange,
    unknown
  >;
  return { version: Number(version), joined: members(joined), left: members(left) };
}

function members(value: unknown): Member[] {
  return Array.isArray(value) ? value.map(readMember) : [];
}
