/** Many viewers, some of them over slow links, and how old what they show is. */
import { Histogram, micros } from "tidemark/load";
import { Frames } from "../../generator/viewers/frame.js";
import { MARKET, PROTOCOLS } from "../../generator/viewers/protocols.js";
import { Viewer } from "../../generator/viewers/viewer.js";
import { median } from "../../lib/statistics.js";
import { Watcher } from "./watcher.js";

export interface LinkGroup {
  readonly name: string;
  /** The port and, where it matters, the address of this machine that each of them connects by. */
  readonly links: readonly { readonly port: number; readonly localAddress?: string }[];
  /** How many of them keep what they show, to be compared at the end. */
  readonly keep: number;
}

export interface WatchersSpec {
  readonly groups: readonly LinkGroup[];
  readonly rate: number;
  readonly window: number;
}

/** A distribution, in milliseconds. */
export interface Ages {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface GroupResult {
  readonly name: string;
  readonly count: number;
  /** How old the newest change in a message was when all of it had come. */
  readonly arrival: Ages;
  /** How old the newest change was that a viewer showed, whenever one looked. */
  readonly view: Ages;
  /** How often a minute the hot key was shown that the viewer saw least often; the least of all viewers. */
  readonly hotAMinute: number;
  /** Bytes of a first message, the middle one. */
  readonly firstBytes: number;
  readonly messages: number;
  readonly bytes: number;
}

interface Group {
  readonly spec: LinkGroup;
  readonly watchers: Watcher[];
  readonly viewers: Viewer[];
  readonly arrival: Histogram;
  readonly view: Histogram;
  /** Bytes until the first message was whole, by viewer. */
  readonly first: Map<Viewer, number>;
  readonly begun: Set<Viewer>;
  messages: number;
  bytes: number;
}

/** How often one looks at what viewers show, in milliseconds. */
const LOOK_MS = 50;

export class Watchers {
  readonly #spec: WatchersSpec;
  readonly #frames = new Frames();
  readonly #groups: Group[];
  readonly #timer: NodeJS.Timeout;
  #since = micros();
  #lost = 0;

  constructor(spec: WatchersSpec) {
    this.#spec = spec;
    this.#groups = spec.groups.map((group) => ({
      spec: group,
      watchers: [],
      viewers: [],
      arrival: new Histogram(),
      view: new Histogram(),
      first: new Map(),
      begun: new Set(),
      messages: 0,
      bytes: 0,
    }));
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Resolves when all are subscribed. */
  async join(): Promise<void> {
    for (const group of this.#groups)
      await Promise.all(group.spec.links.map((link, i) => this.#one(group, link, i < group.spec.keep)));
  }

  /** Resolves when each shows something. */
  async begun(): Promise<void> {
    const isShown = ({ newest }: Watcher): boolean => newest > 0;
    while (!this.#groups.every(({ watchers }) => watchers.every(isShown)))
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  /** What was so far does not count. */
  forget(): void {
    this.#since = micros();
    for (const { arrival, view, watchers } of this.#groups) {
      arrival.clear();
      view.clear();
      for (const watcher of watchers) watcher.forget();
    }
  }

  results(): { readonly lost: number; readonly groups: readonly GroupResult[] } {
    const minutes = (micros() - this.#since) / 60e6;
    const groups = this.#groups.map(({ spec, arrival, view, watchers, first, messages, bytes }) => ({
      name: spec.name,
      count: spec.links.length,
      arrival: agesOf(arrival),
      view: agesOf(view),
      hotAMinute: Math.min(...watchers.map(({ hot }) => Math.min(...hot))) / minutes,
      firstBytes: median([...first.values()]),
      messages,
      bytes,
    }));
    return { lost: this.#lost, groups };
  }

  /** What those who keep it show that is not the newest; empty when all is well. */
  differences(newest: readonly (readonly [key: string, value: unknown])[]): string[] {
    return this.#groups.flatMap(({ spec, watchers }) =>
      watchers.slice(0, spec.keep).flatMap(({ map }, i) => {
        const wrong = newest.filter(
          ([key, value]) => JSON.stringify(map.get(key)) !== JSON.stringify(value),
        ).length;
        const extra = map.size - newest.length;
        if (wrong === 0 && extra === 0) return [];
        return [`${spec.name} viewer ${i} shows ${wrong} keys as they are not, of ${map.size}`];
      }),
    );
  }

  leave(): void {
    clearInterval(this.#timer);
    for (const { viewers } of this.#groups) for (const viewer of viewers) viewer.leave();
  }

  async #one(group: Group, link: LinkGroup["links"][number], keeps: boolean): Promise<void> {
    const { rate, window } = this.#spec;
    const wire: { viewer?: Viewer } = {};
    const unsent: string[] = [];
    const watcher = new Watcher({
      window,
      keeps,
      send: (text) => {
        if (wire.viewer === undefined) unsent.push(text);
        else wire.viewer.send(text);
      },
      shown: (age) => {
        group.messages++;
        group.arrival.record(age);
      },
    });
    group.watchers.push(watcher);
    const viewer = await Viewer.join({
      ...link,
      channel: MARKET,
      protocol: PROTOCOLS["tidemark, deflated"],
      wish: { rate, window },
      frames: this.#frames,
      events: {
        came: (one, bytes) => {
          group.bytes += bytes;
          if (!group.begun.has(one)) group.first.set(one, (group.first.get(one) ?? 0) + bytes);
        },
        changes: (one, frame) => {
          if (frame.isWhole) group.begun.add(one);
          watcher.take(frame);
        },
        lost: () => this.#lost++,
      },
    });
    wire.viewer = viewer;
    for (const text of unsent) viewer.send(text);
    group.viewers.push(viewer);
  }

  #look(): void {
    const now = micros();
    for (const { view, watchers } of this.#groups)
      for (const { newest } of watchers) if (newest > 0) view.record(now - newest);
  }
}

function agesOf(histogram: Histogram): Ages {
  const at = (share: number): number => histogram.quantile(share) / 1000;
  return { count: histogram.total, p50: at(0.5), p99: at(0.99), max: histogram.max / 1000 };
}
