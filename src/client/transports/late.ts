import type { Transport, TransportEvents } from "../transport.js";

/** A transport whose code has to be loaded first; it has what a one-way transport has. */
export function lateTransport(load: () => Promise<() => Transport>, events: TransportEvents): Transport {
  let transport: Transport | undefined;
  let closed = false;
  load()
    .then((open) => {
      if (!closed) transport = open();
    })
    // Also what opening throws: nobody else would hear of it.
    .catch((thrown: unknown) => events.close(1006, "", thrown));
  return {
    send: (frame) => transport?.send(frame),
    close() {
      closed = true;
      transport?.close();
    },
    idle: () => !transport?.idle || transport.idle(),
  };
}
