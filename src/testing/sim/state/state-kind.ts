import type { SimKind } from "../sim-kind.js";
import { STATE_ACTIONS, seenBy } from "./actions.js";
import { CHANNELS, stateRegistry } from "./channels.js";
import { StateClient } from "./client.js";

/** Channels of keys and values, by a client that knows the protocol and no more. */
export const STATE_KIND: SimKind<StateClient> = {
  actions: STATE_ACTIONS,
  notCalm: [],
  // Small, so that maps are larger.
  walkPage: { entries: 4, bytes: 16 * 1024 },
  registry: stateRegistry,
  newClient(parts) {
    const client = new StateClient(parts);
    for (const channel of CHANNELS) {
      const random = parts.fork(`${parts.name} ${channel}`);
      if (random.float() < 0.9) client.watch(channel, seenBy(Math.floor(random.float() * 1000)));
    }
    return client;
  },
  noteQuiet({ clients }) {
    for (const client of clients) client.noteQuiet();
  },
  speakLast({ clients: [speaker] }) {
    for (const channel of CHANNELS) speaker?.watch(channel, { view: "all", rate: undefined });
    speaker?.speak();
  },
};
