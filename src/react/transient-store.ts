import type { Client, Message, Published, TidemarkError, Transient } from "../client/index.js";
import { clientOf, createHeld } from "./held.js";
import { type PageTimer, realTimer } from "./real-timer.js";
import type { PresenceView, TransientView, UseTransientOptions } from "./types.js";
import { type View, createView } from "./view.js";

/** One transient channel, for all components that look at it. */
export interface TransientStore {
  /** One more component will look. */
  readonly want: (options: UseTransientOptions) => void;
  readonly view: View<TransientView>;
  readonly presence: View<PresenceView>;
  readonly held: () => boolean;
}

/** Of more senders than this the longest silent are forgotten. */
const MAX_SENDERS = 1000;

export function createTransientStore(
  client: Client | undefined,
  name: string,
  timer: PageTimer = realTimer,
): TransientStore {
  /** By sender, the longest silent first. */
  const latest = new Map<string | undefined, Message>();
  let ready = false;
  let error: TidemarkError | undefined;
  let expireAfter: number | undefined;
  let stopTimer: (() => void) | undefined;

  const held = createHeld(open, forget, fail);
  const view = createView(snapshot, held.hold);
  const presence = createView(members, held.hold);

  function snapshot(): TransientView {
    return { ready, error, latest: [...latest.values()], publish };
  }

  function members(): PresenceView {
    const handle = held.peek();
    return { members: handle?.members ?? [], count: handle?.memberCount ?? 0 };
  }

  function publish(data: unknown): Promise<Published> {
    const answer = (async () => held.handle().publish(data))();
    answer.catch(() => {});
    return answer;
  }

  function fail(reason: TidemarkError): void {
    error = reason;
    view.changed();
  }

  function open(): Transient {
    const handle = clientOf(client).transient(name);
    const isReady = (): void => {
      ready = true;
      error = undefined;
      view.changed();
    };
    handle.ready.then(isReady, () => {});
    handle.on("message", (message) => {
      latest.delete(message.from);
      latest.set(message.from, message);
      if (latest.size > MAX_SENDERS)
        for (const oldest of [...latest.keys()].slice(0, 1)) latest.delete(oldest);
      view.changed();
      expire();
    });
    handle.on("leave", (left) => {
      for (const { id } of left) if (latest.delete(id)) view.changed();
    });
    handle.on("unsubscribed", fail);
    handle.on("error", fail);
    handle.on("members", presence.changed);
    return handle;
  }

  /** Drops what is too old, and comes back for the next. */
  function expire(): void {
    stopTimer?.();
    stopTimer = undefined;
    if (expireAfter === undefined) return;
    for (const [sender, { time }] of latest) {
      const left = time + expireAfter - timer.now();
      if (left > 0) {
        stopTimer = timer.after(left, expire);
        return;
      }
      latest.delete(sender);
      view.changed();
    }
  }

  function forget(): void {
    stopTimer?.();
    latest.clear();
    ready = false;
    error = expireAfter = stopTimer = undefined;
    view.changed();
    presence.changed();
  }

  return {
    want(options) {
      expireAfter ??= options.expireAfter;
      if (error) held.again();
    },
    view,
    presence,
    held: held.held,
  };
}
