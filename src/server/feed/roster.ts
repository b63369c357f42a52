/**
 * Who is present on one channel, as this node knows it: the broker's list, kept current by its changes. A hole in
 * their versions, or a reset, means asking again; what that finds is told to subscribers as joins and leaves.
 */
import type { Broker, PresenceChange } from "../../broker/index.js";
import type { Clock, Member, MembersResult } from "../../protocol/index.js";
import { detach } from "../guard.js";
import { PAGE_BYTES, textChunk, type Chunk } from "../delivery/chunk.js";
import type { Subscriber } from "../delivery/audience.js";
import { RETRY_MS } from "./retry.js";

export interface RosterDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly onError: (error: unknown, channel: string) => void;
}

export class Roster {
  readonly #channel: string;
  readonly #ch: number;
  readonly #audience: Iterable<Subscriber>;
  readonly #deps: RosterDeps;
  readonly #members = new Map<string, Member>();
  /** The broker's version of the list; `undefined` while it is being asked for. */
  #broker: number | undefined;
  /** This node's own count of events: what its subscribers see. */
  #version = 0;
  #asking = false;
  #askAgain = false;
  #closed = false;

  constructor(channel: string, ch: number, audience: Iterable<Subscriber>, deps: RosterDeps) {
    this.#channel = channel;
    this.#ch = ch;
    this.#audience = audience;
    this.#deps = deps;
  }

  async open(): Promise<void> {
    await this.#ask();
  }

  close(): void {
    this.#closed = true;
  }

  get count(): number {
    return this.#members.size;
  }

  /** The list as a reply, cut at about a page, 32 KiB; it says how many there are. */
  reply(): MembersResult {
    const members: Member[] = [];
    let size = 0;
    for (const member of this.#members.values()) {
      size += JSON.stringify(member).length;
      if (size > PAGE_BYTES) break;
      members.push(member);
    }
    return { members, version: this.#version, total: this.#members.size };
  }

  onChange(change: PresenceChange): void {
    if (this.#broker === undefined || this.#asking) {
      this.#askAgain = true;
      return;
    }
    if (change.version <= this.#broker) return;
    if (change.version !== this.#broker + 1) return this.check();
    this.#broker = change.version;
    for (const member of change.left) this.#members.delete(member.id);
    const joined = change.joined.filter(({ id }) => !this.#members.has(id));
    const changed = change.joined.filter((member) => !joined.includes(member));
    for (const member of change.joined) this.#members.set(member.id, member);
    this.#tell("leave", change.left);
    this.#tell("join", joined);
    this.#tell("update", changed);
  }

  /** Asks the broker for the whole list. */
  check(): void {
    detach(this.#ask(), (error) => {
      this.#deps.onError(error, this.#channel);
      this.#deps.clock.setTimeout(() => this.#closed || this.check(), RETRY_MS);
    });
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#asking = true;
    try {
      do {
        this.#askAgain = false;
        const { members, version } = await this.#deps.broker.members(this.#channel);
        if (this.#closed) return;
        this.#broker = version;
        this.#replace(members);
      } while (this.#askAgain);
    } finally {
      this.#asking = false;
    }
  }

  #replace(members: readonly Member[]): void {
    const now = new Map(members.map((member) => [member.id, member]));
    const left = [...this.#members.values()].filter((member) => !now.has(member.id));
    const joined = members.filter((member) => !this.#members.has(member.id));
    const changed = members.filter((member) => {
      const known = this.#members.get(member.id);
      return known !== undefined && JSON.stringify(known.data) !== JSON.stringify(member.data);
    });
    this.#members.clear();
    for (const [id, member] of now) this.#members.set(id, member);
    this.#tell("leave", left);
    this.#tell("join", joined);
    this.#tell("update", changed);
  }

  /** Events are bounded like everything else: a long list goes out in several, each a version of its own. */
  #tell(event: "join" | "leave" | "update", members: readonly Member[]): void {
    for (let i = 0; i < members.length;) {
      const some: string[] = [];
      let size = 0;
      while (i < members.length && size < PAGE_BYTES) {
        const text = JSON.stringify(members[i++]);
        some.push(text);
        size += text.length;
      }
      this.#version++;
      this.#send(
        textChunk(
          `{"event":"${event}","ch":${this.#ch},"version":${this.#version},"members":[${some.join(",")}]}`,
        ),
      );
    }
  }

  #send(chunk: Chunk): void {
    for (const subscriber of this.#audience) {
      // Whoever has no room misses it, and hears as soon as there is room that the list is to be asked for again.
      if (!subscriber.out.offer(chunk)) this.#sendStale(subscriber);
    }
  }

  /** Once, however much was missed: a peer that does not read must not pile up what it is to be told. */
  #sendStale(subscriber: Subscriber): void {
    if (subscriber.stale) return;
    subscriber.stale = true;
    subscriber.out.whenRoomy(() => {
      subscriber.stale = false;
      if (subscriber.state === "gone") return;
      const chunk = textChunk(`{"event":"members","ch":${this.#ch},"version":${this.#version}}`);
      if (!subscriber.out.offer(chunk)) this.#sendStale(subscriber);
    });
  }
}
