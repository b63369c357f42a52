import type { EventFrame, Member, MembersResult } from "../protocol/index.js";

/** A change of who is there, as the server numbers them. */
export type PresenceChange = Extract<EventFrame, { event: "join" | "leave" | "update" | "members" }>;

/** Who is on a channel. Changes are numbered; one that is not the next means that some were missed: ask again. */
export interface Presence {
  /** Everyone there, as far as is known. The same array until somebody comes or goes. */
  readonly list: () => readonly Member[];
  /** How many there are, those included that the server left out of a list too long for one reply. */
  readonly count: () => number;
  /** Asks for the list. What was known stays until it is here, and is then compared with it. */
  readonly ask: () => void;
  readonly change: (change: PresenceChange) => void;
  /** Takes over the whole list, and tells how it differs from what was known. */
  readonly adopt: (result: MembersResult) => void;
  /** Changes come with other versions from now on. */
  readonly moved: () => void;
}

/** More changes than this while the list is on its way, and the oldest go: the hole they leave asks for the list again. */
const MAX_EARLY = 256;

/** @param askServer asks the server for the list; `adopt` is to be called with the answer */
export function createPresence(
  askServer: () => void,
  tell: (event: "join" | "leave" | "update" | "members", members: readonly Member[]) => void,
): Presence {
  let list: readonly Member[] = [];
  let total = 0;
  /** None where the list came on another connection than the changes: then whichever comes is the next. */
  let version: number | undefined = 0;
  /** Changes that came while the list is being asked for; `undefined` when it is not. */
  let early: PresenceChange[] | undefined;
  /** Whether the list has come once. */
  let asked = false;

  /** Those of `members` who are not among `others`. */
  function without(members: readonly Member[], others: readonly Member[]): readonly Member[] {
    const ids = new Set(others.map((member) => member.id));
    return members.filter((member) => !ids.has(member.id));
  }

  function ask(): void {
    early = [];
    askServer();
  }

  function change(next: PresenceChange): void {
    if (early) {
      early.push(next);
      if (early.length > MAX_EARLY) early.shift();
    } else if (next.event !== "members" && (version === undefined || next.version === version + 1)) {
      const { event } = next;
      const whole = total === list.length;
      const fresh = without(next.members, list);
      // A list of another connection may be ahead of the changes. One that was cut short says nothing about that.
      const members = !whole ? next.members : event === "join" ? fresh : without(next.members, fresh);
      const others = without(list, next.members);
      version = next.version;
      if (event === "join") total += members.length;
      if (event === "leave") total -= members.length;
      if (event === "update") list = list.map((old) => members.find(({ id }) => id === old.id) ?? old);
      else list = event === "join" ? [...others, ...next.members] : others;
      if (!members[0]) return;
      tell(event, members);
      tell("members", list);
    } else if (version === undefined || next.version > version) {
      ask();
    }
  }

  return {
    list: () => list,
    count: () => total,
    ask,
    change,
    moved() {
      version = undefined;
    },
    adopt(result) {
      const waiting = early ?? [];
      const { members } = result;
      const known = new Set(list.map((member) => JSON.stringify(member)));
      const same =
        known.size === members.length && members.every((member) => known.has(JSON.stringify(member)));
      const left = without(list, members);
      const joined = without(members, list);
      // Of two lists that are cut short, the difference says nothing about who came and went.
      const whole = total === list.length && result.total === members.length;
      early = undefined;
      const news = !same || total !== result.total || !asked;
      asked = true;
      ({ version, total } = result);
      if (news) list = members;
      if (whole && left.length > 0) tell("leave", left);
      if (whole && joined.length > 0) tell("join", joined);
      if (news) tell("members", list);
      waiting.forEach(change);
    },
  };
}
