/** Slows down who goes on after being told to wait. */
import { Socket } from "node:net";

/** A socket rests for so long at most, in milliseconds: others may be behind it. */
const MOST_MS = 1000;

/**
 * Has nothing more be read of a request's socket for a while, so that TCP slows its peer down: refusing each further request
 * would cost as much as serving it. Does nothing over HTTP/2, where what is behind a request is no socket of its own.
 */
export function brake(request: object, ms: number): void {
  const socket = "socket" in request ? request.socket : undefined;
  if (!(socket instanceof Socket) || ms <= 0 || socket.destroyed || socket.isPaused()) return;
  socket.pause();
  setTimeout(
    () => {
      if (!socket.destroyed) socket.resume();
    },
    Math.min(ms, MOST_MS),
  ).unref();
}
