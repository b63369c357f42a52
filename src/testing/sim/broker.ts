/**
 * One node's way to the simulated broker: the memory broker at the far end of a network that loses requests and
 * answers, is slow, and hands hints on late, twice or not at all.
 */
import {
  BrokerError,
  type Appended,
  type Broker,
  type Changed,
  type ChangesDraft,
  type Draft,
  type Durability,
  type Follower,
  type HeldBy,
  type Lease,
  type LogOptions,
  type NodeInfo,
  type Page,
  type ReadFrom,
  type Reign,
  type ReignRequest,
  type Signal,
  type SlotsFrom,
  type SlotsOptions,
  type SlotsPage,
} from "../../broker/index.js";
import { takeReign } from "../../broker/log/reign.js";
import type { MemoryBroker } from "../../broker/memory/memory-broker.js";
import type { Member } from "../../protocol/index.js";
import type { BrokerSite } from "./broker-site.js";
import { WRITES, type BrokerCommand, type BrokerScript, type BrokerTrouble } from "./broker-troubles.js";
import { Membership } from "./membership.js";
import { Pipe } from "./pipe.js";
import type { SimProcess } from "./process.js";
import { ActiveTroubles } from "./active-troubles.js";

/** No call of a broker waits longer than this, in milliseconds. */
const DEADLINE_MS = 3000;

export interface SimBrokerOptions {
  /** Its name, as the others know it. */
  readonly id?: string;
  /** Whether texts between nodes are late, lost and doubled as hints are. */
  readonly isMailLossy?: boolean;
}

/** That a call takes its own way, which is so many milliseconds longer. */
interface Detour {
  readonly ms: number;
  /** Nobody waits for it any more, or hears of it. */
  readonly isStranded: boolean;
}

export class SimBroker implements Broker {
  readonly durability: Durability = "memory";
  readonly trouble = new ActiveTroubles<BrokerTrouble>();
  readonly script: BrokerScript = { latency: 0, late: () => 0, losesAnswer: () => false };
  readonly #site: BrokerSite;
  readonly #process: SimProcess;
  readonly #store: MemoryBroker;
  readonly #membership: Membership;
  readonly #requests: Pipe;
  readonly #answers: Pipe;
  readonly #followers = new Set<Follower>();
  readonly #isMailLossy: boolean;
  /** By how much the broker's clock is ahead of the node's at least, as it was heard last. */
  #ahead: number;
  #closed = false;

  constructor(site: BrokerSite, process: SimProcess, { id, isMailLossy = false }: SimBrokerOptions = {}) {
    this.#isMailLossy = isMailLossy;
    this.#site = site;
    this.#process = process;
    this.#store = site.connect(id);
    const { clock } = site;
    this.#ahead = site.brokerClock.monotonic() - process.clock.monotonic();
    const latency = (): number => this.#latency() + this.trouble.strength("slowAnswers");
    this.#requests = new Pipe({ clock, latency: () => this.#latency(), rate: () => Infinity });
    this.#answers = new Pipe({ clock, latency, rate: () => Infinity });
    this.#membership = new Membership(site, process.clock, this.node, (run) => this.#call("presence", run));
  }

  append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[]> {
    const inTime = this.#inTime();
    return this.#call("append", () => this.#store.append(channel, drafts.map(inTime), options));
  }

  change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Promise<Changed[]> {
    const inTime = this.#inTime();
    return this.#call("change", () => this.#store.change(channel, drafts.map(inTime), options));
  }

  readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): Promise<SlotsPage> {
    return this.#call("read", () => this.#store.readSlots(channel, from, options));
  }

  reign(channel: string, request: ReignRequest, options: LogOptions | SlotsOptions): Promise<Reign | HeldBy> {
    return takeReign(request, (step) => {
      const left = this.#timeLeft();
      return this.#call(step.do, async () => {
        if (left() <= 0) throw new BrokerError("unavailable", "the step came too late; retry");
        return this.#store.stepReign(channel, step, options);
      });
    });
  }

  read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page> {
    return this.#call("read", () => this.#store.read(channel, from, options));
  }

  signal(channel: string, signals: readonly Signal[]): Promise<void> {
    return this.#call("signal", async () => {
      if (!this.#is("mute")) await this.#store.signal(channel, signals);
    });
  }

  async follow(channel: string, follower: Follower): Promise<() => void> {
    const hints = this.#hints();
    let open = false;
    let stopped = false;
    const tell = (run: () => void): void => {
      const times = this.#site.chance() < this.trouble.strength("repeatHints") ? 2 : 1;
      for (let i = 0; i < times; i++) {
        if (this.#hearsNothing || this.#site.chance() < this.trouble.strength("dropHints")) continue;
        hints.put(0, () => this.#process.run(() => open && !stopped && !this.#closed && run()));
      }
    };
    const far: Follower = {
      onEntries: (hint) => tell(() => follower.onEntries(hint)),
      onChanges: (hint) => tell(() => follower.onChanges?.(hint)),
      // Signals and changes of presence come at most once each: the contract says so.
      onSignals: (signals) => once(() => follower.onSignals(signals)),
      onPresence: (change) => once(() => follower.onPresence(change)),
      onReset: () => this.#reset(follower),
    };
    const once = (run: () => void): void => {
      if (this.#hearsNothing || this.#site.chance() < this.trouble.strength("dropHints")) return;
      hints.put(0, () => this.#process.run(() => open && !stopped && !this.#closed && run()));
    };
    let remove: (() => void) | undefined;
    const stop = (): void => {
      stopped = true;
      this.#followers.delete(follower);
      remove?.();
    };
    try {
      await this.#call("follow", async () => {
        remove = await this.#store.follow(channel, far);
        if (stopped) remove();
      });
    } catch (error) {
      stop();
      throw error;
    }
    open = true;
    this.#followers.add(follower);
    return stop;
  }

  join(channel: string, member: Member, instance: string): Promise<void> {
    return this.#membership.join(channel, member, instance);
  }

  leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    return this.#membership.leave(channel, id, instance, grace);
  }

  members(channel: string): Promise<{ members: Member[]; version: number }> {
    return this.#call("presence", () => this.#store.members(channel));
  }

  lease(name: string, ttl: number): Promise<Lease | undefined> {
    return this.#call("lease", () => this.#store.lease(name, ttl));
  }

  get node(): string {
    return this.#store.node;
  }

  nodes(): Promise<NodeInfo[]> {
    return this.#call("nodes", async () => this.#site.listed());
  }

  report(load: NodeInfo["load"]): void {
    this.#store.report(load);
  }

  send(node: string, text: string): Promise<void> {
    return this.#call("send", async () => {
      if (!this.#is("mute")) await this.#store.send(node, text);
    });
  }

  listen(listener: (text: string) => void): () => void {
    const hear = (text: string): void => this.#process.run(() => this.#closed || listener(text));
    if (!this.#isMailLossy) return this.#store.listen(hear);
    const mail = this.#hints();
    return this.#store.listen((text) => {
      const times = this.#site.chance() < this.trouble.strength("repeatHints") ? 2 : 1;
      for (let i = 0; i < times; i++) {
        if (this.#hearsNothing || this.#site.chance() < this.trouble.strength("dropHints")) continue;
        mail.put(0, () => hear(text));
      }
    });
  }

  /** Says goodbye: members leave at once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#followers.clear();
    this.#membership.goodbye();
    await this.#store.close();
  }

  /** The node has died without a word: its members are there until their lease ends. */
  died(): void {
    this.#closed = true;
    this.#followers.clear();
    this.#membership.abandoned();
    this.#site.died(this.node);
    void this.#store.close();
  }

  /** Every follower learns that it may have missed something. */
  resetAll(): void {
    for (const follower of this.#followers) this.#reset(follower);
  }

  /** Of its own deadline an append knows nothing when it is late: what the server says has to do. */
  #inTime(): <D extends { readonly within?: number }>(draft: D) => D {
    const left = this.#timeLeft(0);
    return (draft) => (draft.within === undefined ? draft : { ...draft, within: draft.within + left() });
  }

  /** How many milliseconds are left, when it is asked at the broker, of those that a call of now may take. */
  #timeLeft(ms = DEADLINE_MS): () => number {
    const until = this.#ahead + this.#process.clock.monotonic() + ms;
    return () => until - this.#site.brokerClock.monotonic();
  }

  get #unreachable(): boolean {
    return this.#site.down || this.#is("cut");
  }

  get #hearsNothing(): boolean {
    return this.#unreachable || this.#is("deaf");
  }

  #is(trouble: BrokerTrouble): boolean {
    return this.trouble.strength(trouble) > 0;
  }

  /** The way of what comes by itself. */
  #hints(): Pipe {
    return new Pipe({
      clock: this.#site.clock,
      latency: () => this.#latency() + this.#site.chance() * this.trouble.strength("lateHints"),
      rate: () => Infinity,
    });
  }

  /** What comes when nobody waits for it is not carried out. */
  #stray(arrive: () => void, ms: number): void {
    const left = this.#timeLeft();
    this.#site.clock.setTimeout(() => left() > 0 && arrive(), ms);
  }

  #latency(): number {
    return this.#site.latency() + this.script.latency;
  }

  #detour(command: BrokerCommand): Detour | undefined {
    const late = this.script.late(command);
    if (late > 0) return { ms: late, isStranded: false };
    if (!WRITES.has(command)) return undefined;
    const stranded = this.trouble.strength("strandAppends");
    if (stranded > 0) return { ms: stranded, isStranded: true };
    const stray = this.trouble.strength("strayAppends");
    return stray > 0 ? { ms: this.#site.chance() * stray, isStranded: false } : undefined;
  }

  #reset(follower: Follower): void {
    this.#site.clock.setTimeout(
      () => this.#process.run(() => this.#followers.has(follower) && follower.onReset()),
      this.#site.latency(),
    );
  }

  /** Carries a request over, runs it there and carries the answer back; each way may fail. */
  #call<T>(command: BrokerCommand, run: () => Promise<T>): Promise<T> {
    const { clock } = this.#process;
    const detour = this.#detour(command);
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new BrokerError("closed", "this broker was closed"));
        return;
      }
      const deadline = clock.setTimeout(() => {
        reject(new BrokerError("unavailable", `the broker did not answer within ${DEADLINE_MS} ms`));
      }, DEADLINE_MS);
      const answer = (settle: () => void): void => {
        if (this.#unreachable || this.#site.chance() < this.trouble.strength("loseAnswers")) return;
        if (this.script.losesAnswer(command)) return;
        const said = this.#site.brokerClock.monotonic();
        this.#answers.put(0, () =>
          this.#process.run(() => {
            this.#ahead = said - clock.monotonic();
            clock.clearTimeout(deadline);
            settle();
          }),
        );
      };
      if (this.#site.chance() < this.trouble.strength("loseRequests")) return;
      const { incarnation } = this.#site;
      const arrive = (): void => {
        // What was on its way to a broker that failed over never reaches the next one.
        if (this.#unreachable || this.#closed || incarnation !== this.#site.incarnation) return;
        run().then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      };
      if (detour === undefined) this.#requests.put(0, arrive);
      else if (!detour.isStranded) this.#stray(arrive, detour.ms);
      else
        this.#site.clock.setTimeout(() => {
          if (!this.#closed && incarnation === this.#site.incarnation) run().catch(() => {});
        }, detour.ms);
    });
  }
}
