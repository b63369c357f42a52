/** How to talk to each of the servers that are compared. */
import { tidemark, type Dialect } from "tidemark/load";

/** ws and uWebSockets.js, whose servers here speak the same: `+channel,channel` subscribes, `channel payload` publishes. */
const plain: Dialect = {
  path: "/",
  lines: false,
  marker: { at: 0, byte: 0x7b },
  payloadAt: (_, start) => start,
  hello: ({ channels }) => `+${channels.join(",")}`,
  welcome: () => "ready",
  reply: () => "ok",
  publish: (channel, payload) => `${channel} ${payload}`,
  // Comes back as it is; not to be taken for a message.
  request: (payload) => `=${payload}`,
};

const MESSAGE_AT = '42["m",'.length;
const DIGIT_3 = 0x33;

const socketIo: Dialect = {
  path: "/socket.io/?EIO=4&transport=websocket",
  lines: false,
  // 42["m",{…}] is an event, 43 an acknowledgement.
  marker: { at: 1, byte: 0x32 },
  payloadAt: (_, start) => start + MESSAGE_AT,
  // With connection state recovery on, the session comes back by its secret and the last offset.
  hello: ({ cursors }) => `40${cursors?.[0] ?? ""}`,
  welcome: (line, { channels, cursors }) => {
    if (line.startsWith("40"))
      return cursors === undefined ? { send: `420["sub",${JSON.stringify(channels)}]` } : "ready";
    if (line.startsWith("43")) return "ready";
    return line === "2" ? { send: "3" } : undefined;
  },
  reply: (bytes, start) => (bytes[start + 1] === DIGIT_3 ? "ok" : undefined),
  place: (first, line) => {
    const { pid } = JSON.parse(first.slice(2)) as { pid?: string };
    const offset = (JSON.parse(line.slice(2) || "[]") as unknown[]).at(-1);
    return JSON.stringify({ pid, offset });
  },
  publish: (channel, payload) => `42["pub",${JSON.stringify(channel)},${payload}]`,
  request: (payload, id) => `42${id}["echo",${payload}]`,
};

export const DIALECTS = { plain, "socket.io": socketIo, tidemark } as const satisfies Record<string, Dialect>;
export type DialectName = keyof typeof DIALECTS;
