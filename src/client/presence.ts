import type { EventFrame, Member, MembersResult } from "../protocol/index.js";

/** A change of who is there, as the server numbers them. */
export type PresenceChange = Extract<EventFrame, { event: "join" | "leave" | "members" }>;

/** What presence tells, and asks of, its subscription. */
export interface PresenceHost {
  /** Asks the server for the list; `adopt` is called with the answer. */
  askMembers(): void;
  presence(event: "join" | "leave" | "members", members: readonly Member[]): void;
}

/** More changes than this while the list is on its way, and the oldest go: the hole they leave asks for the list again. */
const MAX_EARLY = 256;

/** Who is on a channel. Changes are numbered; one that is not the next means that some were missed: ask again. */
export class Presence {
  readonly #host: PresenceHost;
  readonly #members = new Map<string, Member>();
  #version = 0;
  #total = 0;
  /** Changes that came while the list is being asked for; `undefined` when it is not. */
  #early: PresenceChange[] | undefined;
  #list: readonly Member[] | undefined;

  constructor(host: PresenceHost) {
    this.#host = host;
  }

  /** Everyone there, as far as is known. The same array until somebody comes or goes. */
  get members(): readonly Member[] {
    return (this.#list ??= [...this.#members.values()]);
  }

  /** How many there are, those included that the server left out of a list too long for one reply. */
  get total(): number {
    return this.#total;
  }

  /** Asks for the list. What was known stays until it is here, and is then compared with it. */
  ask(): void {
    this.#early = [];
    this.#host.askMembers();
  }

  change(change: PresenceChange): void {
    if (this.#early !== undefined) {
      this.#early.push(change);
      if (this.#early.length > MAX_EARLY) this.#early.shift();
    } else if (change.event !== "members" && change.version === this.#version + 1) {
      this.#version = change.version;
      this.#apply(change.event, change.members);
    } else if (change.version > this.#version) {
      this.ask();
    }
  }

  /** Takes over the whole list, and tells how it differs from what was known. */
  adopt(result: MembersResult): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    const whole = result.total === result.members.length && this.#total === this.#members.size;
    const now = new Set(result.members.map((member) => member.id));
    const left = this.members.filter((member) => !now.has(member.id));
    const joined = result.members.filter((member) => !this.#members.has(member.id));
    this.#version = result.version;
    this.#total = result.total;
    this.#members.clear();
    for (const member of result.members) this.#members.set(member.id, member);
    this.#list = undefined;
    // Of two lists that are cut short, the difference says nothing about who came and went.
    if (whole && left.length > 0) this.#host.presence("leave", left);
    if (whole && joined.length > 0) this.#host.presence("join", joined);
    this.#host.presence("members", this.members);
    for (const change of early) this.change(change);
  }

  #apply(event: "join" | "leave", members: readonly Member[]): void {
    for (const member of members) {
      if (event === "join") this.#members.set(member.id, member);
      else this.#members.delete(member.id);
    }
    this.#total += event === "join" ? members.length : -members.length;
    this.#list = undefined;
    this.#host.presence(event, members);
    this.#host.presence("members", this.members);
  }
}
