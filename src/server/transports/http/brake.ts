/**
 * How fast requests are read of one socket. Who asks again before the answers have come, or after being told to wait, is not
 * read from meanwhile, so that TCP slows it down: refusing each further request would cost as much as serving it. Over
 * HTTP/2, where what is behind a request is no socket of its own, nothing is done. Whoever waits behind others on a socket
 * is told when that closes.
 */
import { Socket } from "node:net";
import { isHttp2, type HttpResponse } from "./exchange.js";

/** So many requests may be unanswered on one socket. */
const MOST_UNANSWERED = 4;
/** A socket rests for so long at most, in milliseconds: others may be behind it. */
const MOST_REST_MS = 1000;

interface Pace {
  /** In the order in which they came, with what ends those that could be waited for without end. */
  readonly unanswered: Map<HttpResponse, (() => void) | undefined>;
  /** Whether the peer was told to wait. */
  rests: boolean;
  /** Whether the socket is not read from, for one of both reasons. */
  paused: boolean;
}

/** What is looked at of a request: simulated ones have no socket. */
interface PacedRequest {
  readonly httpVersionMajor?: number | undefined;
  readonly socket?: unknown;
}

const paces = new WeakMap<Socket, Pace>();

function paceOf(request: PacedRequest): [Socket, Pace] | undefined {
  // Over HTTP/2 what stands there looks like a socket, and must not be touched.
  if (isHttp2(request)) return undefined;
  const { socket } = request;
  if (!(socket instanceof Socket)) return undefined;
  let pace = paces.get(socket);
  if (pace === undefined) {
    paces.set(socket, (pace = { unanswered: new Map(), rests: false, paused: false }));
    const { unanswered } = pace;
    socket.once("close", () => tellQueued(unanswered.keys()));
  }
  return [socket, pace];
}

/** The socket has closed. Node tells only the answer that was being written; those queued behind it would never hear of it. */
function tellQueued(unanswered: Iterable<HttpResponse>): void {
  for (const response of unanswered) if (response.socket === null) response.emit("close");
}

function keep(socket: Socket, pace: Pace): void {
  const pauses = pace.rests || pace.unanswered.size >= MOST_UNANSWERED;
  if (pauses === pace.paused || socket.destroyed) return;
  pace.paused = pauses;
  if (pauses) socket.pause();
  else socket.resume();
}

/** A request is about to be served. */
export function begun(request: PacedRequest, response: HttpResponse): void {
  const found = paceOf(request);
  if (found === undefined) return;
  const [socket, pace] = found;
  for (const end of pace.unanswered.values()) end?.();
  pace.unanswered.set(response, undefined);
  keep(socket, pace);
  response.once("close", () => {
    pace.unanswered.delete(response);
    keep(socket, pace);
  });
}

/** The answer waits for something to say. It waits no longer, and `end` is called, when another request comes behind it on its socket. */
export function waits(request: PacedRequest, response: HttpResponse, end: () => void): void {
  const unanswered = paceOf(request)?.[1].unanswered;
  if (unanswered?.has(response) !== true) return;
  unanswered.set(response, end);
  if ([...unanswered.keys()].at(-1) !== response) end();
}

/** The peer behind a request was told to wait for so many milliseconds. */
export function brake(request: PacedRequest, ms: number): void {
  const found = ms > 0 ? paceOf(request) : undefined;
  if (found === undefined || found[1].rests) return;
  const [socket, pace] = found;
  pace.rests = true;
  keep(socket, pace);
  setTimeout(
    () => {
      pace.rests = false;
      keep(socket, pace);
    },
    Math.min(ms, MOST_REST_MS),
  ).unref();
}
