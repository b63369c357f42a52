import type { Clock, Member, Timer } from "../../protocol/index.js";
import type { PresenceChange } from "../contract.js";

/** One member: as long as there are instances, or grace after the last of them. */
interface Present {
  member: Member;
  /** `node/instance`: two nodes may use one name for different instances. */
  readonly instances: Set<string>;
  /** Runs while there is no instance. */
  grace: Timer;
}

/**
 * Who is present on one channel. Joins and leaves of one turn of the clock are announced as one change, in which
 * somebody who came and went, or went and came, does not show.
 */
export class ChannelPresence {
  readonly #clock: Clock;
  readonly #announce: (change: PresenceChange) => void;
  readonly #present = new Map<string, Present>();
  readonly #joined = new Map<string, Member>();
  /** Those who were there before, and whose data is another now. */
  readonly #changed = new Map<string, Member>();
  readonly #left = new Map<string, Member>();
  #unannounced: PresenceChange[] = [];
  #scheduled = false;
  #version: number;

  /** `version` is where versions begin: above every one the channel had before. */
  constructor(clock: Clock, version: number, announce: (change: PresenceChange) => void) {
    this.#clock = clock;
    this.#version = version;
    this.#announce = announce;
  }

  /** True when nobody is present and nothing is left to say. */
  get isIdle(): boolean {
    return this.#present.size === 0 && !this.#scheduled;
  }

  get version(): number {
    return this.#version;
  }

  join(node: number, member: Member, instance: string): void {
    let present = this.#present.get(member.id);
    if (present === undefined) {
      present = { member, instances: new Set(), grace: undefined };
      this.#present.set(member.id, present);
      const before = this.#left.get(member.id);
      this.#left.delete(member.id);
      if (before === undefined) this.#joined.set(member.id, member);
      else this.#compare(before, member);
      this.#schedule();
    } else {
      const before = present.member;
      present.member = member;
      if (this.#joined.has(member.id)) this.#joined.set(member.id, member);
      else this.#compare(before, member);
    }
    present.instances.add(`${node}/${instance}`);
    if (present.grace !== undefined) this.#clock.clearTimeout(present.grace);
    present.grace = undefined;
  }

  leave(node: number, id: string, instance: string, grace: number): void {
    const present = this.#present.get(id);
    if (present?.instances.delete(`${node}/${instance}`) !== true) return;
    if (present.instances.size > 0) return;
    if (grace > 0) present.grace = this.#clock.setTimeout(() => this.#remove(present), grace);
    else this.#remove(present);
  }

  /** A node is gone, and all of its instances with it: there is no grace for those. */
  drop(node: number): void {
    for (const present of this.#present.values()) {
      let dropped = false;
      for (const instance of present.instances) {
        if (!instance.startsWith(`${node}/`)) continue;
        present.instances.delete(instance);
        dropped = true;
      }
      if (dropped && present.instances.size === 0) this.#remove(present);
    }
  }

  /** The members, and the version that tells what they are before. */
  list(): { members: Member[]; version: number } {
    // What is listed under a version must be all of it: later changes of this turn are another version's.
    this.#close();
    const members = Array.from(this.#present.values(), ({ member }) => member);
    return { members, version: this.#version };
  }

  #compare(before: Member, now: Member): void {
    if (JSON.stringify(before.data) === JSON.stringify(now.data)) return;
    this.#changed.set(now.id, now);
    this.#schedule();
  }

  #remove(present: Present): void {
    const { id } = present.member;
    this.#present.delete(id);
    this.#changed.delete(id);
    if (!this.#joined.delete(id)) this.#left.set(id, present.member);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.setImmediate(() => {
      this.#scheduled = false;
      this.#close();
      const changes = this.#unannounced;
      this.#unannounced = [];
      for (const change of changes) this.#announce(change);
    });
  }

  #close(): void {
    if (this.#joined.size + this.#changed.size + this.#left.size === 0) return;
    this.#version += 1;
    this.#unannounced.push({
      version: this.#version,
      joined: [...this.#joined.values(), ...this.#changed.values()],
      left: [...this.#left.values()],
    });
    this.#joined.clear();
    this.#changed.clear();
    this.#left.clear();
  }
}
