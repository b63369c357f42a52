import type { Broker, ChangesHint, Epoch } from "../../../../broker/index.js";
import type { RoomSignal } from "../tick-message.js";
import { foundIn, readReign, type FoundLog, type FoundPage } from "./reign-log.js";
import { Reigns, type FoundReign } from "./reigns.js";

/** So many signals are kept whose reign is looked for. */
const MOST_STRANGE = 32;

export interface ReignWatchDeps {
  readonly broker: Pick<Broker, "readSlots">;
  readonly channel: string;
  /** Told of what fails where nobody waits for it. */
  readonly onError: (error: unknown) => void;
}

/** What is told of a room's reigns. */
export interface ReignWatchOwner {
  /** Another one is the newest. `hasLost`: the store has lost something before it began, and whoever had the room with it. */
  onReign(found: FoundReign, hasLost: boolean): void;
  /** The store may have lost data. */
  onEpoch(): void;
  /** The room has ended for good, and why; undefined: it has not, whatever was said before. */
  onClosed(reason: string | undefined): void;
  /** A signal of the newest reign. */
  onSignal(signal: RoomSignal): void;
}

/** Knows which reign of a room is the newest: by the log's hints, and by reading where something is heard that they do not explain. */
export class ReignWatch {
  readonly #deps: ReignWatchDeps;
  readonly #owner: ReignWatchOwner;
  readonly #reigns = new Reigns();
  /** Of the newest read; none before the first. */
  #epochs: readonly Epoch[] = [];
  /** Signals under names that the log has not been asked about. */
  #strange: RoomSignal[] = [];
  #reading: Promise<void> | undefined;
  /** The names that the read under way is about. */
  #asking: ReadonlySet<string> = new Set();
  /** The read that begins when the one that is under way has ended. */
  #next: Promise<void> | undefined;
  /** Where it was written that the room has ended; 0: nowhere. */
  #closedAt = 0;
  #isClosed = false;

  constructor(deps: ReignWatchDeps, owner: ReignWatchOwner) {
    this.#deps = deps;
    this.#owner = owner;
  }

  /** The newest reign that is known; undefined: of none. */
  get newest(): FoundReign | undefined {
    return this.#reigns.newest;
  }

  /** Reads who reigns: resolves when a read that has begun since this call has ended. Rejects with the broker's error. */
  look(): Promise<void> {
    if (this.#reading === undefined) return this.#begin();
    this.#next ??= this.#reading.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  /** Resolves when it is known whether that is the newest reign, or of the past. Rejects with the broker's error. */
  async know(name: string): Promise<void> {
    // It is not remembered: a client may say anything.
    if (this.#reigns.judge(name) === "unknown") await this.look();
  }

  /** The same as `look`, where nobody waits for it. */
  lookAround(): void {
    this.look().then(undefined, this.#deps.onError);
  }

  /** The log was written to. */
  onChanges({ epoch, entries }: ChangesHint): void {
    const newest = this.#epochs.at(-1);
    if (newest === undefined) return;
    if (isSame(newest, epoch)) this.#take(foundIn(entries, this.#epochs));
    else this.lookAround();
  }

  /** A signal under this name: it is told on if that is of the newest reign, now or as soon as the log says so, and otherwise never. */
  hear(name: string, signal: () => RoomSignal): void {
    switch (this.#reigns.judge(name)) {
      case "newest":
        return this.#owner.onSignal(signal());
      case "past":
        return;
      case "unknown":
        this.#strange.push(signal());
        if (this.#strange.length > MOST_STRANGE) this.#strange.shift();
        if (this.#next === undefined && !this.#asking.has(name)) this.lookAround();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#strange = [];
  }

  async #begin(): Promise<void> {
    const { broker, channel } = this.#deps;
    const names = new Set(this.#strange.map(({ reign }) => reign));
    this.#next = undefined;
    this.#asking = names;
    const read = readReign(broker, channel);
    const reading = read.then(
      () => {},
      () => {},
    );
    this.#reading = reading;
    try {
      const found = await read;
      if (this.#isClosed) return;
      this.#takePage(found);
      for (const name of names) this.#reigns.rule(name);
      this.#sort();
    } finally {
      if (this.#reading === reading) {
        this.#reading = undefined;
        this.#asking = new Set();
      }
    }
  }

  /** What was read, which is all of it. */
  #takePage(found: FoundPage): void {
    const before = this.#epochs.at(-1);
    const newest = found.epochs.at(-1);
    this.#epochs = found.epochs;
    if (
      before !== undefined &&
      newest !== undefined &&
      !isSame(newest, before.epoch) &&
      !isSame(before, newest.epoch)
    )
      this.#owner.onEpoch();
    this.#take(found);
    // What it does not say it may have been asked about too early.
    if (found.closed !== undefined || this.#closedAt === 0 || found.head < this.#closedAt) return;
    this.#closedAt = 0;
    this.#owner.onClosed(undefined);
  }

  #take({ reign, closed }: FoundLog): void {
    if (closed !== undefined) {
      this.#closedAt = closed.at;
      this.#owner.onClosed(closed.reason);
    } else if (reign !== undefined && this.#closedAt > 0 && reign.at.offset > this.#closedAt) {
      // Behind its end nobody has written but who has revived it.
      this.#closedAt = 0;
      this.#owner.onClosed(undefined);
    }
    const before = this.#reigns.newest;
    if (reign === undefined || !this.#reigns.learn(reign, this.#epochs)) return;
    this.#owner.onReign(reign, before !== undefined && this.#hasLost(before, reign));
    this.#sort();
  }

  /** Whether the log has lost something between two reigns of two nodes: what the first one had is not there any more. */
  #hasLost(before: FoundReign, now: FoundReign): boolean {
    if (before.epoch === now.epoch || before.node === now.node) return false;
    return !this.#epochs.some((one) => isSame(one, before.epoch) && isSame(one, now.epoch));
  }

  /** Tells on what was kept and is of the newest reign, and lets go of what is past. */
  #sort(): void {
    const strange = this.#strange;
    this.#strange = [];
    for (const signal of strange) {
      const judged = this.#reigns.judge(signal.reign);
      if (judged === "newest") this.#owner.onSignal(signal);
      else if (judged === "unknown") this.#strange.push(signal);
    }
  }
}

function isSame({ epoch, earlier }: Epoch, name: string): boolean {
  return name === epoch || name === earlier;
}
