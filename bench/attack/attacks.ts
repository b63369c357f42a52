/** What strangers do. Each attack is paced: `act` is called so often a second, and does one thing. */
import {
  BINARY,
  DEFLATE_PATH,
  HELLO,
  PING,
  Peer,
  Requester,
  TEXT,
  compressedFrame,
  frame,
  type Target,
} from "./stranger.js";

export interface Attack {
  readonly perSecond: number;
  /** Does it for the nth time, from 0 on. */
  act(n: number): void;
  /** All of its sockets go. */
  end(): void;
}

const NEWLINES = "\n".repeat(128 * 1024 - 8);
const PART = Buffer.alloc(100_000, 7);
const KB_107 = "x".repeat(60_000);

/** Keeps so many strangers; one that is gone is followed by another. */
class Crowd<One extends { over: boolean; end(): void }> {
  readonly #make: (number: number) => One;
  readonly #most: number;
  readonly #all: One[] = [];
  constructor(most: number, make: (number: number) => One) {
    this.#most = most;
    this.#make = make;
  }

  /** Another one; `undefined` when all are there. */
  more(): One | undefined {
    if (this.#all.length >= this.#most) return undefined;
    const one = this.#make(this.#all.length);
    this.#all.push(one);
    return one;
  }

  /** Each in turn. */
  turn(n: number): One {
    const at = n % this.#most;
    let one = this.#all[at];
    if (one === undefined || one.over) this.#all[at] = one = this.#make(at);
    return one;
  }

  end(): void {
    for (const one of this.#all) one.end();
  }
}

/** So many peers, each of which says its piece once and stays. */
function once(
  perSecond: number,
  most: number,
  make: () => Peer,
  say: (number: number) => readonly Buffer[],
): Attack {
  const crowd = new Crowd(most, make);
  return {
    perSecond,
    act: (n) => {
      const peer = crowd.more();
      for (const bytes of say(n)) peer?.send(bytes);
    },
    end: () => crowd.end(),
  };
}

/** So many peers that go on saying something, in turn. */
function steadily(perSecond: number, most: number, make: () => Peer, say: (n: number) => Buffer): Attack {
  const crowd = new Crowd(most, make);
  return { perSecond, act: (n) => void crowd.turn(n).send(say(n)), end: () => crowd.end() };
}

/** Requests over so many sockets. */
function requests(
  perSecond: number,
  most: number,
  target: Target,
  path: string,
  body: (n: number) => string,
): Attack {
  const crowd = new Crowd(most, () => new Requester(target));
  return { perSecond, act: (n) => void crowd.turn(n).post(path, body(n)), end: () => crowd.end() };
}

const publisher = (n: number): string => `publisher-of-a-stranger-${String(n).padStart(8, "0")}`;
const subs = (names: readonly string[]): string =>
  `{"id":1,"connect":{"subs":${JSON.stringify(Object.fromEntries(names.map((name) => [name, {}])))}}}`;
const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

type Maker = (target: Target) => Attack;

/** Each by its name. */
export const ATTACKS = {
  "partial-frames": (target) => {
    const part = frame(TEXT, "x".repeat(131_000)).subarray(0, 129_000);
    return once(
      300,
      1000,
      () => new Peer(target),
      () => [part],
    );
  },
  "partial-echo": (target) => {
    const part = frame(BINARY, Buffer.alloc(1_000_000)).subarray(0, 990_000);
    return once(
      100,
      400,
      () => new Peer(target, "/echo"),
      () => [part],
    );
  },
  fragments: (target) => {
    const all = Buffer.concat(
      Array.from({ length: 16_000 }, (_, i) => frame(i === 0 ? BINARY : 0, "x", false)),
    );
    return once(
      75,
      300,
      () => new Peer(target),
      () => [HELLO, all],
    );
  },
  "empty-fragments": (target) => {
    const all = Buffer.concat(
      Array.from({ length: 16_000 }, (_, i) => frame(i === 0 ? BINARY : 0, "", false)),
    );
    return once(
      75,
      300,
      () => new Peer(target),
      () => [HELLO, all],
    );
  },
  "byte-segments": (target) => {
    const whole = frame(BINARY, Buffer.alloc(120_000), false);
    const crowd = new Crowd(20, () => {
      const peer = new Peer(target);
      peer.send(HELLO);
      return peer;
    });
    return {
      perSecond: 10_000,
      act: (n) => {
        const at = Math.floor(n / 20);
        crowd.turn(n).send(whole.subarray(at, at + 1));
      },
      end: () => crowd.end(),
    };
  },
  unread: (target) => {
    const ask = frame(
      TEXT,
      lines(100, (i) => `{"id":${i + 2},"history":"chat/history"}`),
    );
    return once(
      300,
      1000,
      () => new Peer(target, "/connect", false),
      () => [HELLO, ask],
    );
  },
  "calls-without-end": (target) => {
    const ask = frame(
      TEXT,
      lines(300, (i) => `{"id":${i + 2},"call":"never"}`),
    );
    return once(
      100,
      200,
      () => new Peer(target),
      () => [HELLO, ask],
    );
  },
  history: (target) =>
    requests(100, 8, target, "/connect/send", () =>
      ['{"id":1,"connect":{}}', lines(5, (i) => `{"id":${i + 2},"history":"chat/history"}`)].join("\n"),
    ),
  "large-commands": (target) =>
    steadily(
      300,
      5,
      () => said(target),
      (n) =>
        frame(
          TEXT,
          `{"id":${n + 2},"publish":"chat/large","data":"${KB_107}","pad":"${KB_107.slice(0, 47_000)}"}`,
        ),
    ),
  "first-parts": (target) => parts(target, 200, 5),
  "slow-parts": (target) => parts(target, 40, 20),
  pings: (target) => {
    const ten = Buffer.concat(Array.from({ length: 10 }, () => frame(PING)));
    return steadily(
      4000,
      20,
      () => said(target),
      () => ten,
    );
  },
  "blank-lines": (target) => {
    const blank = frame(TEXT, NEWLINES);
    return steadily(
      100,
      10,
      () => said(target),
      () => blank,
    );
  },
  bombs: (target) => {
    const hundred = Buffer.concat(Array.from({ length: 100 }, () => compressedFrame(TEXT, NEWLINES)));
    return steadily(
      50,
      10,
      () => said(target, DEFLATE_PATH),
      () => hundred,
    );
  },
  "compressed-commands": (target) => {
    const command = compressedFrame(TEXT, '{"id":2,"call":"none"}');
    const ten = Buffer.concat(Array.from({ length: 10 }, () => command));
    return steadily(
      2000,
      20,
      () => said(target, DEFLATE_PATH),
      () => ten,
    );
  },
  "polls-of-new-channels": (target) =>
    requests(8, 8, target, "/connect/poll", (n) =>
      subs(Array.from({ length: 1000 }, (_, i) => `chat/new-${n}-${i}`)),
    ),
  "polls-of-the-same": (target) =>
    requests(64, 8, target, "/connect/poll", () =>
      subs(Array.from({ length: 1000 }, (_, i) => `chat/same-${i}`)),
    ),
  subscriptions: (target) =>
    steadily(
      10_000,
      60,
      () => said(target),
      (n) => frame(TEXT, `{"id":${n + 2},"subscribe":"chat/own-${n}"}`),
    ),
  "channels-over-http": (target) =>
    requests(200, 8, target, "/connect/send", (n) =>
      [
        '{"id":1,"connect":{}}',
        lines(60, (i) => `{"id":${i + 2},"publish":"chat/made-up-${n}-${i}","data":1}`),
      ].join("\n"),
    ),
  "large-messages": (target) =>
    steadily(
      540,
      8,
      () => said(target),
      (n) => frame(TEXT, `{"id":${n + 2},"publish":"chat/large-${n}","data":"${KB_107}"}`),
    ),
  "text-keys": (target) =>
    requests(100, 8, target, "/connect/send", (n) =>
      [
        '{"id":1,"connect":{}}',
        lines(250, (i) => `{"id":${i + 2},"publish":"chat/good","data":"key","idem":"key-${n}-${i}"}`),
      ].join("\n"),
    ),
  scopes: (target) =>
    requests(2500, 8, target, "/connect/send", (n) =>
      [
        `{"id":1,"connect":{"publisher":"${publisher(n)}"}}`,
        '{"id":2,"publish":"chat/good","data":"scope","idem":1}',
      ].join("\n"),
    ),
  members: (target) =>
    requests(
      1000,
      8,
      target,
      "/connect/poll?wait=0",
      (n) => `{"id":1,"connect":{"publisher":"${publisher(n)}","subs":{"room/full":{}}}}`,
    ),
  silence: (target) =>
    once(
      600,
      2000,
      () => new Peer(target),
      () => [],
    ),
  connects: (target) => {
    const open: Peer[] = [];
    return {
      perSecond: 160,
      act: () => {
        const peer = said(target);
        open.push(peer);
        if (open.length > 100) open.shift()?.end();
      },
      end: () => {
        for (const peer of open) peer.end();
      },
    };
  },
  asking: (target) =>
    requests(100, 8, target, "/connect/send", (n) =>
      ['{"id":1,"connect":{}}', lines(20, (i) => `{"id":${i + 2},"history":"chat/never-${n}-${i}"}`)].join(
        "\n",
      ),
    ),
} satisfies Record<string, Maker>;

export type AttackName = keyof typeof ATTACKS;

/** 200 peers that send parts in turn, up to so many, of messages that are never whole. */
function parts(target: Target, perSecond: number, most: number): Attack {
  const crowd = new Crowd(200, () => said(target));
  const next = new WeakMap<Peer, number>();
  const frames = Array.from({ length: most }, (_, part) => partOf(part));
  for (let i = 0; i < 200; i++) crowd.turn(i);
  return {
    perSecond,
    act: (n) => {
      const peer = crowd.turn(n);
      const part = next.get(peer) ?? 0;
      // Who is not answered yet may send none.
      const bytes = frames[part];
      if (!peer.answered || bytes === undefined) return;
      if (peer.send(bytes)) next.set(peer, part + 1);
    },
    end: () => crowd.end(),
  };
}

/** A part of a message of 2 MB, and never the last. */
function partOf(part: number): Buffer {
  const head = `{"id":2,"publish":"chat/parts","bytes":${PART.length},"part":${part},"more":true}\n`;
  return frame(BINARY, Buffer.concat([Buffer.from(head), PART]));
}

/** A peer that has connected as it should. */
function said(target: Target, path?: string): Peer {
  const peer = new Peer(target, path);
  peer.send(HELLO);
  return peer;
}
