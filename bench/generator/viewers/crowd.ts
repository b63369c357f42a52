/** All viewers of a round, in groups that want the same. */
import { Histogram, micros } from "tidemark/load";
import { keyAt } from "../../servers/state/source.js";
import { Frames } from "./frame.js";
import { mapOf, MARKET, PROTOCOLS, type ProtocolName, type Wish } from "./protocols.js";
import { Seen } from "./seen.js";
import { Viewer } from "./viewer.js";

export interface GroupSpec {
  readonly name: string;
  readonly count: number;
  readonly rate?: number;
  /** How many keys of its own each one wants; without it all there are. */
  readonly keysEach?: number;
}

export interface CrowdSpec {
  readonly port: number;
  /** Default: where the server's own changes are. */
  readonly channel?: string;
  readonly protocol: ProtocolName;
  readonly groups: readonly GroupSpec[];
}

export interface GroupReading {
  readonly name: string;
  readonly count: number;
  /** How many of them have got a whole message. */
  readonly shown: number;
  readonly frames: number;
  /** On the wire, without TCP's. */
  readonly bytes: number;
  /** From the making of the newest change in a frame to its arrival, in microseconds, since {@link Crowd.forget}. */
  readonly ages: readonly (readonly [bucket: number, count: number])[];
  readonly oldest: number;
}

export interface CrowdReading {
  readonly at: number;
  readonly lost: number;
  readonly groups: readonly GroupReading[];
}

export interface CheckResult {
  readonly viewers: number;
  /** Whose map is not what the server has. */
  readonly wrong: number;
  /** What is wrong with one of them. */
  readonly problem?: string;
  /** How many different first messages there were. */
  readonly firsts: number;
}

interface Group {
  readonly spec: GroupSpec;
  readonly viewers: Viewer[];
  readonly ages: Histogram;
  readonly shown: Set<Viewer>;
  frames: number;
  bytes: number;
  /** What came until each had got a whole message. */
  firstBytes: number;
}

/** How many connect at a time. */
const AT_ONCE = 50;
/** How long nothing must have come before nothing more is expected, in milliseconds: who is told once a second waits so long. */
const QUIET_MS = 1500;
const PATIENCE_MS = 30_000;

export class Crowd {
  readonly #spec: CrowdSpec;
  readonly #frames = new Frames();
  readonly #nothing = new Seen();
  readonly #groups: Group[];
  /** What is wrong with those who were sent this. */
  readonly #judged = new Map<Seen, string[]>();
  #lost = 0;
  /** When the last one got its first whole message. */
  #lastShown = 0;

  constructor(spec: CrowdSpec) {
    this.#spec = spec;
    this.#groups = spec.groups.map((group) => ({
      spec: group,
      viewers: [],
      ages: new Histogram(),
      shown: new Set(),
      frames: 0,
      bytes: 0,
      firstBytes: 0,
    }));
  }

  /** Resolves when all are subscribed; so many connect at a time. */
  async join(atOnce = AT_ONCE): Promise<void> {
    let index = 0;
    const due = this.#groups.flatMap((group) =>
      Array.from({ length: group.spec.count }, () => () => this.#one(group, index++)),
    );
    for (let i = 0; i < due.length; i += atOnce)
      await Promise.all(due.slice(i, i + atOnce).map((join) => join()));
  }

  /** All connect at once; resolves when each has got a whole message. */
  async rush(): Promise<{ ms: number; bytes: number }> {
    const began = micros();
    await this.join(Infinity);
    const end = performance.now() + PATIENCE_MS;
    const isDone = (): boolean => this.#groups.every(({ spec, shown }) => shown.size === spec.count);
    while (!isDone()) {
      if (performance.now() > end) throw new Error(`not all got a message within ${PATIENCE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const bytes = this.#groups.reduce((sum, { firstBytes }) => sum + firstBytes, 0);
    return { ms: (this.#lastShown - began) / 1000, bytes };
  }

  forget(): void {
    for (const { ages } of this.#groups) ages.clear();
  }

  reading(): CrowdReading {
    return {
      at: micros(),
      lost: this.#lost,
      groups: this.#groups.map(({ spec, ages, shown, frames, bytes }) => ({
        name: spec.name,
        count: spec.count,
        shown: shown.size,
        frames,
        bytes,
        ages: ages.buckets(),
        oldest: ages.max,
      })),
    };
  }

  /** Resolves when nothing comes any more. */
  async quiet(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    const count = (): number => this.#groups.reduce((sum, { frames }) => sum + frames, 0);
    for (let before = -1; before !== count() && performance.now() < end;) {
      before = count();
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
  }

  /**
   * Holds what each viewer shows against the newest values. Where a server tells newcomers nothing, a viewer may lack keys,
   * but what it shows has to be the newest.
   */
  check(newest: readonly (readonly [key: string, value: unknown])[]): CheckResult {
    const protocol = PROTOCOLS[this.#spec.protocol];
    const truth = new Map(newest.map(([key, value]) => [key, JSON.stringify(value)]));
    const isToldAll = this.#spec.protocol.startsWith("tidemark");
    const viewers = this.#groups.flatMap((group) => group.viewers);
    const firsts = new Set<number | undefined>();
    const problems = viewers.flatMap((viewer, i) => {
      const { seen = this.#nothing, wish } = viewer;
      const known = this.#judged.get(seen);
      if (known !== undefined && wish.keys === undefined) return known;
      const messages = protocol.messages(seen.frames);
      firsts.add(messages[0]?.end);
      const map = mapOf(messages);
      const keys = isToldAll ? (wish.keys ?? truth.keys()) : map.keys();
      const problem = differenceOf(map, keys, truth);
      const found = problem === undefined ? [] : [`viewer ${i}: ${problem}`];
      this.#judged.set(seen, found);
      return found;
    });
    const [problem] = problems;
    return {
      viewers: viewers.length,
      wrong: problems.length,
      ...(problem !== undefined && { problem }),
      firsts: firsts.size,
    };
  }

  leave(): void {
    for (const { viewers } of this.#groups) for (const viewer of viewers) viewer.leave();
  }

  async #one(group: Group, index: number): Promise<void> {
    const { rate, keysEach } = group.spec;
    const wish: Wish = {
      ...(rate !== undefined && { rate }),
      ...(keysEach !== undefined && {
        keys: Array.from({ length: keysEach }, (_, i) => keyAt(index * keysEach + i)),
      }),
    };
    group.viewers.push(
      await Viewer.join({
        port: this.#spec.port,
        channel: this.#spec.channel ?? MARKET,
        protocol: PROTOCOLS[this.#spec.protocol],
        wish,
        frames: this.#frames,
        nothing: this.#nothing,
        events: {
          came: (viewer, bytes) => {
            group.frames++;
            group.bytes += bytes;
            if (!group.shown.has(viewer)) group.firstBytes += bytes;
          },
          changes: (viewer, frame) => {
            const now = micros();
            if (frame.beacon !== undefined) group.ages.record(now - frame.beacon);
            if (group.shown.has(viewer) || !frame.isWhole) return;
            group.shown.add(viewer);
            this.#lastShown = now;
          },
          lost: () => this.#lost++,
        },
      }),
    );
  }
}

/** What a map has that it should not, or lacks. */
function differenceOf(
  map: ReadonlyMap<string, string>,
  keys: Iterable<string>,
  truth: ReadonlyMap<string, string>,
): string | undefined {
  let count = 0;
  for (const key of keys) {
    count++;
    if (map.get(key) !== truth.get(key))
      return `${key} is ${map.get(key) ?? "not there"}, the newest is ${truth.get(key) ?? "none"}`;
  }
  return map.size === count ? undefined : `${map.size - count} keys more than there are`;
}
