import { type SlotFilter, formatCursor } from "../../protocol/index.js";
import { createEmitter } from "../emitter.js";
import { TidemarkError, handlerError } from "../errors.js";
import type { ClientHost } from "../host.js";
import { type Change, readChange } from "./change.js";
import type { StateChannel, Viewer } from "./channel.js";
import { isConflict } from "./conflict.js";
import { covers, passes } from "./filter.js";
import { KeyMap } from "./key-map.js";
import { Listeners } from "./listeners.js";
import { Readiness } from "./readiness.js";
import type { StateEvents, StateHandle, StateOptions } from "./types.js";
import type { Shown } from "./values.js";
import type { Written } from "./writer.js";

/** How often `update` asks for the next value at most. */
const MOST_TRIES = 10;

/** A handle on a channel: what the application sees of it. The values' types are the app's word, as everywhere on a client. */
export function createStateHandle(
  host: ClientHost,
  channel: StateChannel,
  filter: SlotFilter,
  { rate, whenHidden = "pause" }: StateOptions,
): StateHandle {
  const { name, page, values, writer } = channel;
  const pass = passes(filter);
  const isAll = covers(filter, {});
  const map = new KeyMap(values.shown, pass);
  const report = (thrown: unknown): void => host.report(handlerError(thrown));
  const events = createEmitter<StateEvents>(report);
  const listeners = new Listeners(map, report);
  const readiness = new Readiness();
  const closed = new TidemarkError("closed", `this handle on ${name} was closed`, { channel: name });
  let open = true;
  let paused = false;
  let wanted = rateOf(rate);

  const failed = (error: TidemarkError): void => {
    if (events.has("error")) events.emit("error", error);
    else host.report(error);
  };

  const viewer: Viewer = {
    filter,
    rate: () => (paused || (whenHidden === "pause" && page.hidden()) ? 0 : wanted),
    ownRate: () => wanted,
    whole: () => readiness.resolve(),
    show({ changed, full }: Shown) {
      const mine = isAll ? changed : new Set([...changed].filter(pass));
      if (mine.size === 0 && !full) return;
      events.emit("changes", { changed: mine, full });
      listeners.show({ changed: mine, full });
    },
    tell(about, value) {
      if (about === "subscribed") readiness.isRefused = false;
      events.emit(about, value as StateEvents[typeof about]);
    },
    failed,
    over(error, why) {
      // Whoever was told does not hear the same from the next connection.
      if (why === "refused" && readiness.isRefused) return;
      readiness.reject(error);
      if (why === "refused") failed(error);
      else if (why === "unsubscribed") events.emit(why, error);
    },
  };

  /** @throws {TidemarkError} `closed` */
  function check(): void {
    if (!open) throw closed;
    host.check();
  }

  async function change(asked: Change<unknown>): Promise<Written> {
    check();
    const read = readChange(asked);
    // A handle made in this turn is subscribed first, so that it is told what it writes.
    channel.subscription.ask();
    return writer.write(read);
  }

  async function update(key: string, next: (value: unknown) => unknown): Promise<Written> {
    check();
    // What the key holds is not known before.
    if (!values.cursor) await readiness.promise;
    let held = values.shown.get(key);
    let since: string | undefined;
    for (let tries = 1; ; tries++) {
      const value = next(held);
      const edit = value === undefined ? { delete: [key] } : { set: new Map([[key, value]]) };
      try {
        return await change({ ...edit, if: { keys: [key], ...(since && { since }) } });
      } catch (error) {
        if (!isConflict(error) || tries === MOST_TRIES || !error.now.has(key)) throw error;
        // Behind another write of this client's own it is that one's value.
        const isPending = values.isPending(key);
        held = isPending ? values.shown.get(key) : error.now.get(key);
        since = isPending ? undefined : error.cursor;
      }
    }
  }

  channel.add(viewer);

  return {
    name,
    map,
    ready: readiness.promise,
    get cursor() {
      return values.cursor && formatCursor(values.cursor);
    },
    get lag() {
      return channel.lag;
    },
    get members() {
      return channel.subscription.members();
    },
    get memberCount() {
      return channel.subscription.memberCount();
    },
    on: events.on,
    subscribeKey: (key, listener) => listeners.onKey(key, listener),
    subscribe: (selector, listener, { equal = Object.is } = {}) =>
      listeners.onSelection(selector, listener, equal),
    set: (key, value, { ttl } = {}) =>
      change({ set: new Map([[key, value]]), ...(ttl !== undefined && { ttl }) }),
    merge: (key, fields) => change({ merge: new Map([[key, fields]]) }),
    delete: (...keys) => change({ delete: keys }),
    change,
    update,
    tune(options) {
      wanted = rateOf(options.rate);
      channel.changed();
    },
    pause() {
      paused = true;
      channel.changed();
    },
    resume() {
      paused = false;
      channel.changed();
    },
    close() {
      if (!open) return;
      open = false;
      readiness.reject(closed);
      channel.remove(viewer);
    },
  };
}

/** @throws {TidemarkError} `invalid` where it is no number of messages a second */
export function rateOf(rate = Infinity): number {
  if (rate >= 0) return rate;
  throw new TidemarkError("invalid", `${rate} is no rate: 0 or more messages a second`);
}
