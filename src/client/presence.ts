/** Loaded when it is needed, and so it takes what it uses from its host. */
import type { Clock, ErrorBody, EventFrame, Member, MembersResult, Timer } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";
import type { Wire } from "./wire.js";

/** A change of who is there, as the server numbers them. */
export type PresenceChange = Extract<EventFrame, { event: "join" | "leave" | "update" | "members" }>;

/** Who is on a channel. Changes are numbered; one that is not the next means that some were missed: ask again. */
export interface Presence {
  /** Everyone there, as far as is known. The same array until somebody comes or goes. */
  readonly members: () => readonly Member[];
  /** How many there are, those included that the server left out of a list too long for one reply. */
  readonly memberCount: () => number;
  readonly change: (change: PresenceChange) => void;
  /** The subscription is on, and its channel has presence. `steady`: it was on before, on the same connection. */
  readonly subscribed: (steady: boolean) => void;
  /** The subscription is neither on nor asked for: what was asked before is not waited for any more. */
  readonly stop: () => void;
}

/** What it needs of its subscription. */
export interface PresenceHost {
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly wire: Pick<Wire, "request">;
  /** The channel's. */
  readonly name: string;
  readonly tell: (event: "join" | "leave" | "update" | "members", members: readonly Member[]) => void;
  /** The list is refused. */
  readonly refused: (error: ErrorBody) => void;
}

/** More changes than this while the list is on its way, and the oldest go: the hole they leave asks for the list again. */
const MAX_EARLY = 256;
/** Between two answers over HTTP nobody tells who came and went: the list is asked for this long after one, in milliseconds. */
const ASK_AFTER = 5000;

/** @param list what is known before the server has been asked */
export function createPresence(host: PresenceHost, list: readonly Member[]): Presence {
  const { clock, tell } = host;
  let total = 0;
  /** None where the list came on another connection than the changes: then whichever comes is the next. */
  let version: number | undefined = 0;
  /** Changes that came while the list is being asked for; `undefined` when it is not. */
  let early: PresenceChange[] | undefined;
  /** Whether the list has come once. */
  let known = false;
  /** Another one whenever answers to what was asked before are of no use any more. */
  let life = {};
  let timer: Timer;

  /** Asks for the list. What was known stays until it is here, and is then compared with it. */
  function ask(): void {
    early = [];
    askServer();
  }

  function askServer(): void {
    const asked = life;
    host.wire.request(`"members":${JSON.stringify(host.name)}`, (error, result) => {
      // The next connection has a question of its own.
      if (asked !== life) return;
      if (!error) {
        adopt(result as MembersResult);
      } else if (error.retry) {
        clock.setTimeout(() => asked === life && askServer(), (error.after ?? 0) + host.backoff.next());
      } else {
        host.refused(error);
      }
    });
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

  /** Takes over the whole list, and tells how it differs from what was known. */
  function adopt(result: MembersResult): void {
    const waiting = early ?? [];
    const { members } = result;
    const before = new Set(list.map((member) => JSON.stringify(member)));
    const same =
      before.size === members.length && members.every((member) => before.has(JSON.stringify(member)));
    const left = without(list, members);
    const joined = without(members, list);
    // Of two lists that are cut short, the difference says nothing about who came and went.
    const whole = total === list.length && result.total === members.length;
    early = undefined;
    const news = !same || total !== result.total || !known;
    known = true;
    ({ version, total } = result);
    if (news) list = members;
    if (whole && left.length > 0) tell("leave", left);
    if (whole && joined.length > 0) tell("join", joined);
    if (news) tell("members", list);
    waiting.forEach(change);
  }

  return {
    members: () => list,
    memberCount: () => total,
    change,
    subscribed(steady) {
      if (!steady) {
        ask();
        return;
      }
      // Changes come with other versions from now on.
      version = undefined;
      timer ??= clock.setTimeout(() => {
        timer = undefined;
        ask();
      }, ASK_AFTER);
    },
    stop() {
      life = {};
      clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** Those of `members` who are not among `others`. */
function without(members: readonly Member[], others: readonly Member[]): readonly Member[] {
  const ids = new Set(others.map((member) => member.id));
  return members.filter((member) => !ids.has(member.id));
}
