/** Viewers and writers of one channel of keys, in a process of their own: real clients, each of which judges what it is shown. */
import { connect } from "tidemark/client";
import { parseCursor } from "tidemark/protocol";
import { state, type StateOptions } from "tidemark/state";
import { seededRandom } from "tidemark/testing";
import { expose } from "../../lib/remote.js";
import { elapse } from "../../lib/wait.js";
import { CHANNEL } from "./names.js";
import { Viewer } from "./viewer.js";
import { Writer, type Ledger } from "./writer.js";

export interface CrowdOptions {
  readonly url: string;
  readonly viewers: number;
  readonly writers: number;
  /** Of the crowd; unique. */
  readonly name: string;
  readonly seed: number;
}

/** What the viewers of a process came to. */
export interface Account {
  readonly problems: readonly string[];
  readonly backwards: number;
  readonly wrong: number;
  /** Keys that each applied in a second. */
  readonly perSecond: readonly number[];
  /** The reasons of the gaps that each was told. */
  readonly gaps: readonly (readonly string[])[];
}

let random = seededRandom(1);
/** Those who pause and change their rates now and then. */
const restless = new Set<() => void>();
const problems: string[] = [];
const viewers: Viewer[] = [];
const writers: Writer[] = [];
let began = 0;
let writing: NodeJS.Timeout | undefined;
let turn = 0;

const functions = {
  /** Resolves when all hold the map. */
  async join({ url, viewers: viewing, writers: count, name, seed }: CrowdOptions): Promise<void> {
    random = seededRandom(seed);
    began = Date.now();
    for (let i = 0; i < viewing; i++) viewers.push(view(url, `${name}-${i}`, i));
    for (let i = 0; i < count; i++) {
      const rt = connect(url, { token: `writer-${name}-${i}` });
      rt.on("error", () => {});
      const handle = state(rt, CHANNEL);
      await handle.ready;
      const writer = new Writer(`${name}-${i}`, handle, random);
      await writer.open();
      writers.push(writer);
    }
    await Promise.all(viewers.map(({ handle }) => handle.ready));
  },

  /** So many changes a second, by all in turn, until `rest`. */
  write(rate: number): void {
    const from = performance.now();
    let done = 0;
    writing = setInterval(() => {
      for (; done < ((performance.now() - from) * rate) / 1000; done++)
        void writers[turn++ % writers.length]?.next();
    }, 5);
  },

  /** So many changes, one after the other. */
  async writeEach(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await writers[turn++ % writers.length]?.next();
  },

  /** Writes no more, without waiting for answers; what was answered until now. */
  freeze(): Ledger[] {
    clearInterval(writing);
    return writers.map((writer) => writer.ledger());
  },

  /** Writes no more; resolves when all is answered, and each has made one more change, with the highest offset of these. */
  async rest(): Promise<number> {
    clearInterval(writing);
    await Promise.all(writers.map((writer) => writer.rest()));
    await Promise.all(writers.map((writer) => writer.next()));
    return Math.max(0, ...writers.map(({ cursor }) => parseCursor(cursor)?.offset ?? 0));
  },

  ledgers: (): Ledger[] => writers.map((writer) => writer.ledger()),

  /** Resolves when everybody has come as far as `head`; or in `patience` milliseconds, with how many have not. */
  async settled({ head, patience }: { head: number; patience: number }): Promise<number> {
    const first = viewers[0];
    const isBehind = ({ handle }: Viewer): boolean => (parseCursor(handle.cursor ?? "")?.offset ?? 0) < head;
    // Of who sees some of the keys the cursor may come later: what counts is what it holds.
    const behind = (): number =>
      first === undefined || isBehind(first)
        ? viewers.length
        : viewers.filter((viewer) => viewer.differs(first.handle.map) !== undefined).length;
    for (const rest of restless) rest();
    for (const end = performance.now() + patience; behind() > 0 && performance.now() < end;) await elapse(20);
    await elapse(300);
    return behind();
  },

  /** Whoever does not hold this says so. */
  compare(truth: readonly (readonly [string, unknown])[]): void {
    const map = new Map(truth);
    for (const viewer of viewers) {
      const difference = viewer.differs(map);
      if (difference === undefined) continue;
      viewer.wrong++;
      problems.push(`${viewer.name} is other than the log: ${difference}`);
    }
  },

  /** The longest pause of each that is told everything, after a moment. */
  pauses: ({ from, window }: { from: number; window: number }): number[] =>
    viewers.flatMap((viewer) => (viewer.isPrompt ? (viewer.longestPause(from, window) ?? window) : [])),

  account: (): Account => ({
    problems,
    backwards: viewers.reduce((sum, { backwards }) => sum + backwards, 0),
    wrong: viewers.reduce((sum, { wrong }) => sum + wrong, 0),
    perSecond: viewers.map(({ applied }) => (applied * 1000) / (Date.now() - began)),
    gaps: viewers.map(({ gaps }) => [...gaps.keys()]),
  }),
};
export type StateCrowd = typeof functions;

/** One of several sorts: all keys or some, as they come or at a rate, some of whom change that or pause. */
function view(url: string, name: string, i: number): Viewer {
  const some = ["sum/3", "sum/5", "pair/0-0/left", "pair/0-0/right"];
  const sorts: readonly StateOptions[] = [
    {},
    { rate: 5 },
    { prefix: "pair/" },
    { keys: some },
    { prefix: "sum/", rate: 10 },
    { rate: 20 },
  ];
  const options = sorts[i % sorts.length] ?? {};
  const { prefix, keys, rate } = options;
  const rt = connect(url, { token: `viewer-${name}` });
  rt.on("error", ({ code, message }) => void problems.push(`${name}: ${code}: ${message}`));
  const handle = state(rt, CHANNEL, options);
  if (i % sorts.length === sorts.length - 1) {
    const change = (): void => {
      const dice = random.float();
      if (dice < 0.3) handle.pause();
      else handle.resume();
      handle.tune({ rate: dice < 0.6 ? 60 : undefined });
      timer = setTimeout(change, 100 + random.float() * 900);
    };
    let timer = setTimeout(change, 500);
    restless.add(() => {
      clearTimeout(timer);
      handle.resume();
    });
  }
  const wants = (key: string): boolean =>
    keys === undefined ? key.startsWith(prefix ?? "") : keys.includes(key);
  const isPrompt = rate === undefined && keys === undefined && i % sorts.length < sorts.length - 1;
  return new Viewer({ name, handle, wants, isPrompt }, (problem) => void problems.push(problem));
}

expose(functions);
