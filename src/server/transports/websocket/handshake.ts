/** The opening handshake of a WebSocket, as RFC 6455 (4.2) has it. */
import { hash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { hostsOf } from "../http/exchange.js";
import { AGREED, offersDeflate } from "./deflate/negotiation.js";
import type { UpgradeRequest } from "./plain-upgrade.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Sixteen bytes as base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** A token of RFC 9110. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 6455, and its last draft, which differs in nothing that concerns us. */
const VERSIONS: readonly string[] = ["13", "8"];

interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** What makes a WebSocket of a socket. */
export interface Handshake {
  readonly answer: string;
  /** Whether both sides may compress what they send. */
  readonly deflates: boolean;
}

/**
 * The answer to a request. `undefined` where there is no WebSocket: then the peer was told why.
 *
 * @param mayDeflate whether the server agrees to compression
 */
export function shakeHands(
  request: UpgradeRequest,
  socket: Duplex,
  mayDeflate: boolean,
): Handshake | undefined {
  if (!socket.readable || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const found = answerTo(request, mayDeflate);
  if ("answer" in found) return found;
  refuse(socket, found);
  return undefined;
}

function answerTo(request: UpgradeRequest, mayDeflate: boolean): Handshake | Refusal {
  const { method, headers, httpVersion = "1.1" } = request;
  if (method !== "GET") return { status: 405, message: "a WebSocket begins with GET" };
  if (httpVersion !== "1.1") return { status: 400, message: "a WebSocket begins with HTTP/1.1" };
  // With several, a proxy before us may have gone by another one than who judges the origin.
  if (hostsOf(request) !== 1) return { status: 400, message: "there must be one Host header" };
  if (headers.upgrade?.toLowerCase() !== "websocket")
    return { status: 400, message: "the Upgrade header must say websocket" };
  const key = headers["sec-websocket-key"];
  if (key === undefined || !KEY.test(key))
    return { status: 400, message: "the Sec-WebSocket-Key header must be 16 bytes of base64" };
  if (!VERSIONS.includes(headers["sec-websocket-version"] ?? ""))
    return { status: 400, message: "the Sec-WebSocket-Version header must say 13" };
  const protocols = readProtocols(headers["sec-websocket-protocol"]);
  if (protocols === undefined)
    return { status: 400, message: "the Sec-WebSocket-Protocol header is malformed" };
  const accept = hash("sha1", key + GUID, "base64");
  // A page that asks for protocols is told none unless it gets one of them; which, is all the same here.
  const chosen = protocols[0] === undefined ? "" : `Sec-WebSocket-Protocol: ${protocols[0]}\r\n`;
  const deflates = mayDeflate && offersDeflate(headers["sec-websocket-extensions"]);
  const extensions = deflates ? `Sec-WebSocket-Extensions: ${AGREED}\r\n` : "";
  const answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n${chosen}${extensions}\r\n`;
  return { answer, deflates };
}

/** The protocols that a page offers; `undefined` where they are malformed. */
function readProtocols(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return [];
  const names = header.split(",").map((name) => name.trim());
  const unique = new Set(names).size === names.length;
  return unique && names.every((name) => TOKEN.test(name)) ? names : undefined;
}

function refuse(socket: Duplex, { status, message }: Refusal): void {
  const version = status === 400 ? `Sec-WebSocket-Version: ${VERSIONS.join(", ")}\r\n` : "";
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `${version}Content-Length: ${message.length}\r\n\r\n${message}`,
  );
}
