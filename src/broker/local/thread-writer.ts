/** Writes logs on the disk from another thread of a worker's process. Nothing imports it: that thread does, by its URL. */
import { realRandom } from "../../protocol/index.js";
import { takeReign } from "../log/reign.js";
import type { ThreadWriter } from "../thread-writer.js";
import type { LinkEvents } from "./link.js";
import { KeyPacker } from "./packed-keys.js";
import { unrefClock } from "./real-clock.js";
import { SocketLink } from "./socket-link.js";

/** How long a call may take, in milliseconds: what is said here has to be said soon, or never. */
const TIMEOUT_MS = 2000;

const nothing = (): void => {};
const NO_EVENTS: LinkEvents = {
  entries: nothing,
  changes: nothing,
  signals: nothing,
  presence: nothing,
  text: nothing,
  reset: nothing,
  restored: nothing,
};

/**
 * See `OpenWriter`: another link to the writer's process, which is where the disk is written.
 *
 * @param data `{ dir }`, the directory of that writer
 */
export async function openWriter(data: unknown): Promise<ThreadWriter> {
  const { dir } = data as { readonly dir: string };
  const keys = new KeyPacker();
  const link = new SocketLink({
    dir,
    clock: unrefClock,
    random: realRandom,
    timeout: TIMEOUT_MS,
    name: { id: `thread ${realRandom.id()}`, version: "" },
    events: NO_EVENTS,
  });
  await link.ready();
  // Every link is a node to the others: this one takes nothing.
  link.report({ closing: 1 });
  return {
    change: (channel, drafts, options) =>
      link.change(channel, { keys: keys.pack(drafts), drafts, within: undefined }, options),
    reign: (channel, request, options) => takeReign(request, (step) => link.reign(channel, step, options)),
    send: (node, text) => link.send(node, text),
    close: () => link.close(),
  };
}
