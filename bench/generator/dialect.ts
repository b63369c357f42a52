/**
 * How to talk to each of the servers: what a client sends to subscribe, publish and call, and how its frames are
 * told apart. Payloads are JSON text of a fixed size that begins with the time of sending, so that a reader finds
 * it by counting from the end of a line.
 */

export interface Dialect {
  /** The path of the WebSocket endpoint. */
  readonly path: string;
  /** Whether a frame may hold several lines. */
  readonly lines: boolean;
  /** A line is a message when it has this byte at this place. */
  readonly marker: { readonly at: number; readonly byte: number };
  /** Bytes of a line that come after the payload. */
  readonly tail: number;
  /** What to send right after the upgrade, so that these channels are subscribed. `cursors` is where to go on from. */
  hello(channels: readonly string[], name: string, cursors?: readonly string[]): string;
  /** What another line of the server's means: something to send, or that the connection is ready. */
  answer(
    line: string,
    channels: readonly string[],
    resuming: boolean,
  ): "ready" | { readonly send: string } | undefined;
  /** Where a client of one channel stands after this message, for `hello`; `welcome` is the first answer it had. */
  place?(welcome: string, line: string): string;
  publish(channel: string, payload: string, id: number): string;
  /** A request that is answered with its payload. */
  request(payload: string, id: number): string;
}

/** ws and uWebSockets.js, whose servers here speak the same: `+channel,channel` subscribes, `channel payload` publishes. */
const plain: Dialect = {
  path: "/",
  lines: false,
  marker: { at: 0, byte: 0x7b },
  tail: 0,
  hello: (channels) => `+${channels.join(",")}`,
  answer: () => "ready",
  publish: (channel, payload) => `${channel} ${payload}`,
  // Comes back as it is; not to be taken for a message.
  request: (payload) => `=${payload}`,
};

const socketIo: Dialect = {
  path: "/socket.io/?EIO=4&transport=websocket",
  lines: false,
  // 42["m",{…}] is an event, 43 an acknowledgement.
  marker: { at: 1, byte: 0x32 },
  tail: 1,
  // With connection state recovery on, the session comes back by its secret and the last offset.
  hello: (_, __, cursors) => `40${cursors?.[0] ?? ""}`,
  answer: (line, channels, resuming) => {
    if (line.startsWith("40")) return resuming ? "ready" : { send: `420["sub",${JSON.stringify(channels)}]` };
    if (line.startsWith("43")) return "ready";
    return line === "2" ? { send: "3" } : undefined;
  },
  place: (welcome, line) => {
    const { pid } = JSON.parse(welcome.slice(2)) as { pid?: string };
    const offset = (JSON.parse(line.slice(2) || "[]") as unknown[]).at(-1);
    return JSON.stringify({ pid, offset });
  },
  publish: (channel, payload) => `42["pub",${JSON.stringify(channel)},${payload}]`,
  request: (payload, id) => `42${id}["echo",${payload}]`,
};

const tidemark: Dialect = {
  path: "/connect",
  lines: true,
  marker: { at: 0, byte: 0x5b },
  tail: 1,
  hello: (channels, name, cursors) => {
    const subs = channels.map(
      (channel, i) => [channel, cursors === undefined ? {} : { cursor: cursors[i] }] as const,
    );
    return JSON.stringify({
      id: 1,
      connect: { publisher: `generator-${name}`.padEnd(24, "-"), subs: Object.fromEntries(subs) },
    });
  },
  answer: (line) => (line.startsWith('{"id":1,"ok"') ? "ready" : undefined),
  place: (welcome, line) => {
    const epoch = /"cursor":"([^:"]+):/.exec(welcome)?.[1] ?? "";
    return `${epoch}:${String((JSON.parse(line) as unknown[])[1])}`;
  },
  publish: (channel, payload, id) => `{"id":${id + 1},"publish":"${channel}","data":${payload},"idem":${id}}`,
  request: (payload, id) => `{"id":${id + 1},"call":"echo","data":${payload}}`,
};

export const DIALECTS = { plain, "socket.io": socketIo, tidemark } as const satisfies Record<string, Dialect>;
export type DialectName = keyof typeof DIALECTS;

const TIME_AT = '{"t":"'.length;
const TIME_DIGITS = 16;

/** Microseconds on a clock that all processes of the machine share. */
export function micros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}

/** The least size of a payload in bytes. */
export const LEAST_PAYLOAD = TIME_AT + TIME_DIGITS + '","p":""}'.length;

/** A payload of `size` bytes that says when it was (to be) sent. */
export function payloadAt(time: number, size: number): string {
  return `{"t":"${String(time).padStart(TIME_DIGITS, "0")}","p":"${"x".repeat(size - LEAST_PAYLOAD)}"}`;
}

/** Hot path. When the payload that begins at `start` was sent. */
export function sentAt(bytes: Uint8Array, start: number): number {
  let time = 0;
  for (let i = start + TIME_AT; i < start + TIME_AT + TIME_DIGITS; i++)
    time = time * 10 + (bytes[i] as number) - 48;
  return time;
}
