/** How viewers talk to each of the servers that are compared, and how to read what these send. */
import type { Frame } from "./frame.js";

/** What a viewer wants to see. */
export interface Wish {
  /** Messages a second at most; without it: as they come. For Tidemark only, as what follows. */
  readonly rate?: number;
  readonly keys?: readonly string[];
  /** Bytes that may be under way without an acknowledgement. */
  readonly window?: number;
}

/** Changes that are shown together. */
export interface Message {
  /** Where the channel is then; undefined where the server does not say. */
  readonly end?: number;
  /** All that was before is gone. */
  readonly anew: boolean;
  /** Keys and values in turn. */
  readonly set: readonly unknown[];
  readonly gone: readonly string[];
}

export interface Protocol {
  readonly path: string;
  readonly headers?: string;
  /** What is sent first, if that is the viewer's turn. */
  hello(wish: Wish, channel: string): string | undefined;
  /** Hot path. Whether all of the payload tells of changes. */
  isChanges(bytes: Uint8Array, start: number): boolean;
  /** What else came: whether the viewer is there now, what is to be sent, and what in it tells of changes. */
  aside(text: string): { readonly ready?: true; readonly send?: string; readonly changes?: string };
  /** What these payloads say, in order; parts of a message that is not whole are left out. */
  messages(frames: readonly Frame[]): Message[];
}

/** Where the server's own changes are. */
export const MARKET = "bench/market";
const BRACKET = 0x5b;
const DIGIT_4 = 0x34;
const DIGIT_2 = 0x32;
const EVENT = '42["m",';
/** Parsed once, for all viewers that got it. */
const parsed = new WeakMap<Frame, unknown>();

function once<T>(frame: Frame, parse: (text: string) => T): T {
  if (!parsed.has(frame)) parsed.set(frame, parse(frame.text));
  return parsed.get(frame) as T;
}

const plain: Protocol = {
  path: "/",
  hello: () => undefined,
  isChanges: () => true,
  aside: () => ({}),
  messages: (frames) => frames.map((frame) => changesOf(once(frame, JSON.parse) as unknown[])),
};

const socketIo: Protocol = {
  path: "/socket.io/?EIO=4&transport=websocket",
  hello: () => undefined,
  isChanges: (bytes, start) => bytes[start] === DIGIT_4 && bytes[start + 1] === DIGIT_2,
  aside: (text) => {
    if (text.startsWith("0")) return { send: "40" };
    if (text.startsWith("40")) return { ready: true };
    return text === "2" ? { send: "3" } : {};
  },
  messages: (frames) =>
    frames.map((frame) =>
      changesOf(once(frame, (text) => JSON.parse(text.slice(EVENT.length, -1)) as unknown[])),
    ),
};

function changesOf(set: readonly unknown[]): Message {
  return { anew: false, set, gone: [] };
}

const OFFER =
  "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";

export type Line = readonly [ch: number, offset: number, set?: readonly unknown[], meta?: Meta];
interface Meta {
  readonly del?: readonly string[];
  readonly part?: number;
  readonly more?: true;
}
interface Aside {
  readonly id?: number;
  readonly ok?: { readonly subs?: Readonly<Record<string, { readonly error?: unknown }>> };
  readonly error?: unknown;
  readonly event?: string;
  readonly until?: number;
}

const tidemark: Protocol = {
  path: "/connect",
  hello: (wish, channel) => JSON.stringify({ id: 1, connect: { subs: { [channel]: wish } } }),
  isChanges: (bytes, start) => bytes[start] === BRACKET,
  aside: (text) => {
    const lines = text.split("\n");
    const isReply = (line: string): boolean => line.startsWith('{"id":') || line.startsWith('{"error":');
    const replies = lines.filter(isReply).map((line) => JSON.parse(line) as Aside);
    for (const { ok, error } of replies) {
      const subs = Object.values(ok?.subs ?? {});
      if (error !== undefined || subs.some((sub) => sub.error !== undefined)) throw new Error(text);
    }
    const changes = lines.filter((line) => !isReply(line)).join("\n");
    return { ...(replies.some(({ id }) => id === 1) && { ready: true }), ...(changes !== "" && { changes }) };
  },
  messages: (frames) => {
    const messages: Message[] = [];
    let parts: Line[] = [];
    let anew = false;
    for (const line of frames.flatMap((frame) => once(frame, linesOf))) {
      if (!isLine(line)) {
        if (line.event === "gap") [parts, anew] = [[], line.until === 0];
        continue;
      }
      parts.push(line);
      if (line[3]?.more === true) continue;
      messages.push({
        end: line[1],
        anew,
        set: parts.flatMap(([, , set = []]) => set),
        gone: parts.flatMap(([, , , meta]) => meta?.del ?? []),
      });
      [parts, anew] = [[], false];
    }
    return messages;
  },
};

export function linesOf(text: string): (Line | Aside)[] {
  return text.split("\n").map((line) => JSON.parse(line) as Line | Aside);
}

export function isLine(line: Line | Aside): line is Line {
  return Array.isArray(line);
}

export const PROTOCOLS = {
  plain,
  "plain, deflated": { ...plain, headers: OFFER },
  "socket.io": socketIo,
  tidemark,
  "tidemark, deflated": { ...tidemark, path: "/connect?deflate=1", headers: OFFER },
} as const satisfies Record<string, Protocol>;
export type ProtocolName = keyof typeof PROTOCOLS;

/** What one who was sent this shows: values as JSON, by key. */
export function mapOf(messages: readonly Message[]): Map<string, string> {
  let map = new Map<string, string>();
  for (const { anew, set, gone } of messages) {
    if (anew) map = new Map();
    for (let i = 0; i < set.length; i += 2) map.set(set[i] as string, JSON.stringify(set[i + 1]));
    for (const key of gone) map.delete(key);
  }
  return map;
}
