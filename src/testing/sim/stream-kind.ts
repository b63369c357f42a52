import { ACTIONS } from "./actions.js";
import { PRESENT, STREAMS, TRANSIENTS, simRegistry } from "./channels.js";
import { SimClient } from "./client.js";
import type { SimKind } from "./sim-kind.js";

/** Streams and transients, by the client library. */
export const STREAM_KIND: SimKind<SimClient> = {
  actions: ACTIONS,
  notCalm: ["burst", "shout", "resume", "reopenLast", "reopenSince"],
  registry: simRegistry,
  newClient({ name, process, network, recorder, fork }) {
    const client = new SimClient(name, process, network, fork(name), recorder);
    for (const channel of STREAMS) if (fork(`${name} ${channel}`).float() < 0.8) client.open(channel);
    for (const channel of TRANSIENTS) client.listen(channel);
    return client;
  },
  /** Who is thought to be there, beside who is. */
  noteQuiet({ clients }) {
    for (const channel of PRESENT) {
      const there = clients.filter((client) => client.streams.has(channel) || client.transients.has(channel));
      const expected = there.map(({ name }) => name);
      for (const client of there) client.noteMembers(channel, expected);
    }
  },
  /** A broker that lost its end says so with the next entry: now there is one. */
  speakLast({ clients: [speaker] }) {
    for (const channel of STREAMS) {
      speaker?.open(channel);
      speaker?.publish(channel, 60, false);
    }
  },
};
