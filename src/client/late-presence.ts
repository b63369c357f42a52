import type { Member } from "../protocol/index.js";
import type { Chunks } from "./chunks.js";
import { TidemarkError, messageOf } from "./errors.js";
import type { Presence, PresenceHost } from "./presence.js";

const NOBODY: readonly Member[] = [];

/**
 * Presence whose code is loaded when a server first says that there is some. Changes that come before that are in the list
 * which is asked for then. Where loading fails, its user is told and it is tried again, for as long as it is wanted.
 */
export function createLatePresence(
  load: Chunks["presence"],
  host: PresenceHost,
  failed: (error: TidemarkError) => void,
): Presence {
  let presence: Presence | undefined;
  let wanted = false;
  let loading = false;

  async function begin(): Promise<void> {
    loading = true;
    while (wanted && !presence) {
      try {
        presence = (await load()).createPresence(host, NOBODY);
      } catch (cause) {
        if (!wanted) break;
        failed(new TidemarkError("unavailable", messageOf(cause), { channel: host.name, cause }));
        await new Promise<void>((resolve) => host.clock.setTimeout(resolve, host.backoff.next()));
      }
    }
    loading = false;
    if (wanted) presence?.subscribed(false);
  }

  return {
    members: () => presence?.members() ?? NOBODY,
    memberCount: () => presence?.memberCount() ?? 0,
    change: (next) => presence?.change(next),
    subscribed(steady) {
      wanted = true;
      if (presence) presence.subscribed(steady);
      else if (!loading) void begin();
    },
    stop() {
      wanted = false;
      presence?.stop();
    },
  };
}
