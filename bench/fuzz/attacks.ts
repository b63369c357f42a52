/** What strangers do, each a short while: requests, frames, cuts. What they are answered is counted; nothing is expected. */
import { request, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { constants, deflateRawSync } from "node:zlib";
import type { Dice } from "./dice.js";
import { bodyOfParts, framesOfMessage, partFrames } from "./parts.js";
import {
  bodyOf,
  channelOf,
  commandLine,
  connectCommand,
  headersOf,
  mutated,
  targetOf,
  tokenOf,
} from "./words.js";

export interface Target {
  readonly port: number;
  readonly http2: number;
  readonly count: (what: string) => void;
}

const METHODS = ["POST", "POST", "POST", "GET", "GET", "OPTIONS", "PUT", "HEAD"] as const;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A socket that is destroyed when `use` is over, whatever the server does. */
async function withSocket(port: number, use: (socket: Socket) => Promise<void>): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    if (text.length < 100_000) text += bytes.toString("latin1");
  });
  try {
    await use(socket);
  } finally {
    socket.destroy();
  }
  return text;
}

/** One request, read to its end or dropped in the middle. */
async function oneRequest(dice: Dice, { port, count }: Target): Promise<void> {
  const [method, path, headers] = [dice.of(METHODS), targetOf(dice), headersOf(dice)];
  const body = method === "POST" || dice.rarely(6) ? bodyOf(dice) : undefined;
  await askFor(dice, { port, count, method, path, headers, body });
}

/** Messages in parts in one request, of which all of the body comes, or some of it, in pieces. */
async function sendInParts(dice: Dice, { port, count }: Target): Promise<void> {
  const path = dice.rarely(6) ? targetOf(dice) : "/connect/send";
  const headers = { ...(!dice.rarely(8) && { "content-type": "application/octet-stream" }) };
  count("requests with messages in parts");
  await askFor(dice, { port, count, method: "POST", path, headers, body: bodyOfParts(dice) });
}

interface Asking extends Pick<Target, "port" | "count"> {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

async function askFor(dice: Dice, { port, count, method, path, headers, body }: Asking): Promise<void> {
  const patience = dice.rarely(3) ? dice.below(300) : 2500;
  await new Promise<void>((resolve) => {
    const asking = request({ port, host: "127.0.0.1", method, path, headers, agent: false });
    const timer = setTimeout(() => {
      count("requests dropped");
      asking.destroy();
    }, patience);
    asking.on("error", () => {});
    asking.on("response", (answer: IncomingMessage) => {
      count(`requests answered ${answer.statusCode}`);
      answer.on("error", () => {});
      answer.resume();
    });
    asking.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    if (!Buffer.isBuffer(body) || dice.rarely(2)) return void asking.end(body);
    const cut = dice.below(body.length);
    asking.write(body.subarray(0, cut));
    setTimeout(() => (dice.rarely(3) ? asking.destroy() : asking.end(body.subarray(cut))), dice.below(200));
  });
}

/** Many at once in one segment, as no proxy minds. */
async function pipelined(dice: Dice, { port, count }: Target): Promise<void> {
  const many = 1 + dice.below(40);
  const lines = Array.from({ length: many }, () => {
    const body = dice.rarely(3) ? bodyOf(dice) : "";
    const first = dice.rarely(3)
      ? `GET /connect/sse?channel=refused/a&token=${tokenOf(dice)} HTTP/1.1`
      : `${dice.of(METHODS)} ${targetOf(dice)} HTTP/1.1`;
    return `${first}\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  });
  const text = await withSocket(port, async (socket) => {
    socket.write(lines.join(""));
    await pause(dice.below(2500));
  });
  for (let i = text.split("HTTP/1.1 ").length; i > 1; i--) count("pipelined requests answered");
}

/** A request that stops somewhere. */
async function halfRequest(dice: Dice, { port, count }: Target): Promise<void> {
  const whole = `POST ${targetOf(dice)} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n${bodyOf(dice)}`;
  count("half requests");
  await withSocket(port, async (socket) => {
    const end = dice.below(whole.length);
    if (dice.rarely(2)) for (const letter of whole.slice(0, Math.min(end, 80))) socket.write(letter);
    else socket.write(whole.slice(0, end));
    await pause(dice.below(500));
    if (dice.rarely(3)) socket.end();
    await pause(dice.below(300));
  });
}

function frame(dice: Dice, opcode: number, payload: Buffer, fin = true): Buffer {
  const size = payload.length;
  const key = dice.bytes(4);
  const head = size < 126 ? Buffer.from([0, size]) : size < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  if (size >= 65_536) {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  } else if (size >= 126) {
    head[1] = 126;
    head.writeUInt16BE(size, 2);
  }
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = (head[1] ?? 0) | 0x80;
  return Buffer.concat([head, key, payload.map((byte, i) => byte ^ (key[i % 4] ?? 0))]);
}

/** A message that is compressed, or says so; some are small, and large when they are inflated. */
function compressedFrame(dice: Dice): Buffer {
  const texts = [
    commandLine(dice),
    "\n".repeat(dice.below(140_000)),
    "w".repeat(dice.below(4_000_000)),
    dice.bytes(dice.below(200)),
  ] as const;
  const flush = dice.rarely(4) ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  const bytes = deflateRawSync(dice.of(texts), { level: dice.below(10), finishFlush: flush });
  const payload = dice.rarely(5) ? dice.bytes(dice.below(100)) : bytes.subarray(0, bytes.length - 4);
  return frame(dice, 0x40 | dice.of([1, 1, 1, 2, 0, 9]), payload, !dice.rarely(8));
}

function anyFrame(dice: Dice): Buffer {
  if (dice.rarely(8)) return compressedFrame(dice);
  const kind = dice.below(20);
  if (kind < 13) {
    const lines = Array.from({ length: 1 + dice.below(5) }, () => commandLine(dice));
    return frame(dice, kind === 0 ? 2 : 1, Buffer.from(lines.join("\n")));
  }
  if (kind === 13) return frame(dice, 9, dice.bytes(dice.below(126)));
  if (kind === 14) return frame(dice, 10, dice.bytes(dice.below(10)));
  if (kind === 15) return frame(dice, dice.of([1, 2, 0, 3]), dice.bytes(dice.below(300)), false);
  if (kind === 16)
    return frame(dice, 8, Buffer.concat([Buffer.from([3, 232 + dice.below(20)]), dice.bytes(3)]));
  if (kind === 17) return frame(dice, 1, Buffer.from("\n".repeat(dice.below(3000))));
  if (kind === 18) return dice.bytes(dice.below(60));
  return frame(dice, 1, Buffer.from("w".repeat(dice.below(150_000))));
}

const SOCKET_PATHS = [
  "/connect",
  "/connect",
  "/connect",
  "/echo",
  "/connect/",
  "/connect?deflate=1",
  "/connect?deflate=1",
] as const;
const OFFERS = ["permessage-deflate", "permessage-deflate; client_max_window_bits"] as const;

function handshake(dice: Dice, path: string = dice.of(SOCKET_PATHS)): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: x",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  if (path.includes("deflate"))
    lines.push(`Sec-WebSocket-Extensions: ${dice.of([...OFFERS, "permessage-deflate; what"])}`);
  if (dice.rarely(6)) lines.push(dice.of(["Origin: null", "X: \u00e4", "Host: y", "Content-Length: 3"]));
  const text = `${lines.join("\r\n")}\r\n\r\n`;
  return dice.rarely(8) ? mutated(dice, text) : text;
}

/** A WebSocket that says this and that, and ends in one way or another. */
async function socketOfFrames(dice: Dice, { port, count }: Target): Promise<void> {
  const text = await withSocket(port, async (socket) => {
    socket.write(handshake(dice));
    const hello = frame(dice, 1, Buffer.from(JSON.stringify(connectCommand(dice))));
    if (!dice.rarely(6)) socket.write(hello);
    if (dice.rarely(4)) socket.pause();
    for (let i = dice.below(25); i > 0 && !socket.destroyed; i--) {
      const bytes = anyFrame(dice);
      if (dice.rarely(5)) {
        const cut = dice.below(bytes.length);
        socket.write(bytes.subarray(0, cut));
        await pause(dice.below(30));
        socket.write(bytes.subarray(cut));
      } else socket.write(bytes);
      if (dice.rarely(4)) await pause(dice.below(200));
    }
    if (dice.rarely(3)) socket.end();
    await pause(dice.below(600));
  });
  if (text.includes("Sec-WebSocket-Extensions")) count("WebSockets that compress");
  count(text.startsWith("HTTP/1.1 101") ? "WebSockets opened" : "WebSockets refused");
  if (text.includes('"offset"')) count("WebSockets that published");
}

/** Messages in parts over a WebSocket, one after the other or together, and answers in parts to read. */
async function socketOfParts(dice: Dice, { port, count }: Target): Promise<void> {
  const subs = { "chat/a": {}, "odd/a": {} };
  // With most of them the server's hooks do what they should, so that parts come through.
  const token = dice.rarely(4) ? tokenOf(dice) : "good-parts";
  const hello = JSON.stringify({ id: 0, connect: { token, subs } });
  count("WebSockets for messages in parts");
  const text = await withSocket(port, async (socket) => {
    socket.write(handshake(dice, "/connect"));
    if (!dice.rarely(12)) socket.write(frame(dice, 1, Buffer.from(hello)));
    if (!dice.rarely(6)) await pause(100 + dice.below(100));
    if (dice.rarely(4)) socket.pause();
    for (let i = 1 + dice.below(4); i > 0 && !socket.destroyed; i--) {
      const opcode = dice.rarely(12) ? 1 : 2;
      const parts = (dice.rarely(3) ? framesOfMessage : partFrames)(dice);
      for (const part of parts) socket.write(frame(dice, opcode, part));
      if (dice.rarely(3)) socket.write(frame(dice, 1, Buffer.from('{"id":7,"history":"chat/a","limit":9}')));
      if (dice.rarely(4)) await pause(dice.below(300));
    }
    socket.resume();
    await pause(dice.below(600));
  });
  if (text.includes('"offset"')) count("WebSockets that published in parts");
  if (text.includes('"more":true')) count("WebSockets that were sent parts");
}

/** Many that connect, and go or are sent away together. */
async function storm(dice: Dice, target: Target): Promise<void> {
  const many = 5 + dice.below(30);
  target.count("storms");
  await Promise.all(
    Array.from({ length: many }, () =>
      withSocket(target.port, async (socket) => {
        socket.write(handshake(dice));
        const connectLine = JSON.stringify({
          connect: { token: tokenOf(dice), subs: { [channelOf(dice)]: {} } },
        });
        socket.write(frame(dice, 1, Buffer.from(connectLine)));
        await pause(300);
        socket.write(frame(dice, 1, Buffer.from('{"call":"kick"}')));
        await pause(dice.below(300));
      }),
    ),
  );
}

/** A session of HTTP/2 with several requests at once, some of them cut off. */
async function session(dice: Dice, { http2, count }: Target): Promise<void> {
  const open = connectHttp2(`http://127.0.0.1:${http2}`);
  open.on("error", () => {});
  const requests = Array.from({ length: 1 + dice.below(8) }, async () => {
    const asking = open.request({ ":method": dice.of(METHODS), ":path": targetOf(dice) });
    asking.on("error", () => {});
    asking.on("response", (headers) => count(`HTTP/2 answered ${headers[":status"]}`));
    asking.resume();
    if (dice.rarely(4)) asking.write('{"conn');
    else asking.end(bodyOf(dice));
    await pause(dice.below(1500));
    if (dice.rarely(3)) asking.destroy();
  });
  await Promise.all(requests);
  if (dice.rarely(2)) open.close();
  await pause(50);
  open.destroy();
}

export const ATTACKS: readonly [Attack, ...Attack[]] = [
  oneRequest,
  oneRequest,
  oneRequest,
  pipelined,
  halfRequest,
  socketOfFrames,
  socketOfFrames,
  socketOfFrames,
  socketOfParts,
  socketOfParts,
  sendInParts,
  storm,
  session,
];
export type Attack = (dice: Dice, target: Target) => Promise<void>;
