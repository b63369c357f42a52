/** Loaded when it is needed, and so it takes what it uses from its host. */
import type { Clock, Cursor, StartAt, Timer } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";
import type { TidemarkError } from "./errors.js";
import type { Message } from "./message.js";
import type { Gap, Subscribed } from "./sink.js";
import type { History } from "./types.js";

/**
 * The beginning of a handle that wants to begin elsewhere than the subscription that it shares: what lies before is
 * read from the log, while what the subscription brings waits; from there on both are at one place.
 */
export interface Beginning {
  /** The subscription is on. Says whether the handle is told so later, when it is known where it begins. */
  readonly begin: () => boolean;
  /** What the subscription brings, to be told in its turn. */
  readonly hold: (item: Message | Gap) => void;
  /** Where the handle is, as far as that is known. */
  readonly place: () => Cursor | undefined;
  /** Nothing more is wanted, unless it begins again. */
  readonly stop: () => void;
}

/** What it needs of its handle. */
export interface BeginningHost {
  /** Where the subscription is, which is confirmed when this begins. */
  readonly place: () => Cursor | undefined;
  /** The handle's own cursor, where it begins with one. */
  readonly from: Cursor | undefined;
  readonly clock: Clock;
  readonly backoff: () => Backoff;
  readonly read: (options: object) => Promise<History<unknown>>;
  readonly subscribed: (how: Subscribed) => void;
  readonly message: (message: Message) => void;
  readonly gap: (gap: Gap) => void;
  readonly failed: (error: TidemarkError) => void;
  /** The handle is where the subscription is: it needs this no more. */
  readonly done: () => void;
}

/** How much a server gives at most, in messages. */
const PAGE = 1000;
/** More than these do not wait: they are read from the log as well. */
const MAX_HELD = 1000;

const STOPPED = new Error("stopped");

export function createBeginning({ last, since = 0 }: StartAt, host: BeginningHost): Beginning {
  let run: object | undefined;
  let timer: Timer;
  let { from } = host;
  let flowing = false;
  /** With the subscription's cursor behind each. */
  const held: { readonly item: Message | Gap; readonly behind: Cursor | undefined }[] = [];
  let epoch = "";
  /** Where the handle is; before that is known, `undefined`. */
  let place: number | undefined;
  /** Where the subscription's own messages take over. */
  let target = 0;
  /** A cursor that the subscription has not come to yet. When it goes by without a message there, that one is void. */
  let ahead: number | undefined;

  async function read(mine: object, options: object): Promise<History<unknown>> {
    const backoff = host.backoff();
    for (;;) {
      const page = await host.read(options).catch((error: TidemarkError) => error);
      if (run !== mine) throw STOPPED;
      if ("messages" in page) return page;
      if (!page.retry) throw page;
      await new Promise<void>((resolve) => (timer = host.clock.setTimeout(resolve, backoff.next())));
    }
  }

  function deliver(messages: readonly Message[]): void {
    for (const message of messages) {
      place = message.offset;
      host.message(message);
    }
  }

  /** Where nothing was found that says where the log is. */
  async function head(mine: object): Promise<number> {
    return (await read(mine, { limit: 1 })).messages[0]?.offset ?? target;
  }

  async function fromLast(mine: object, count: number): Promise<void> {
    let found: readonly Message[] = [];
    let page: History<unknown>;
    let left = count;
    do {
      page = await read(mine, { limit: left, ...(found[0] && { before: found[0].offset }) });
      found = [...page.messages, ...found];
      left = count - found.length;
    } while (left > 0 && page.more && page.messages.length > 0);
    const complete = left <= 0 || page.complete;
    // They are the first of the log.
    if (left > 0 && complete) place = 0;
    host.subscribed({ resumed: false, complete });
    deliver(found);
    place = found.at(-1)?.offset ?? target;
  }

  async function fromTime(mine: object): Promise<void> {
    const { messages, complete } = await read(mine, { since, limit: PAGE });
    const none = messages.length === 0 ? await head(mine) : undefined;
    host.subscribed({ resumed: false, complete });
    place = none;
    deliver(messages);
  }

  function fromCursor(cursor: Cursor): void {
    const after = cursor.offset;
    const known = cursor.epoch === epoch;
    place = known ? after : target;
    if (place > target) ahead = place;
    host.subscribed({ resumed: false, complete: true });
    if (!known) host.gap({ after, until: target, reason: "epoch" });
  }

  async function catchUp(mine: object): Promise<void> {
    while (run === mine && (place ?? target) < target) {
      const after = place ?? 0;
      const { messages, complete, more } = await read(mine, { after, limit: PAGE });
      if (!complete || messages.length === 0) skip(after, messages[0] ? messages[0].offset - 1 : target);
      deliver(messages);
      if (!more) place = Math.max(place ?? 0, target);
    }
  }

  function skip(after: number, until: number): void {
    place = until;
    host.gap({ after, until, reason: until < after ? "rollback" : "trimmed" });
  }

  async function perform(mine: object): Promise<void> {
    ({ epoch, offset: target } = host.place() ?? { epoch, offset: target });
    let begun = false;
    try {
      if (from) fromCursor(from);
      else if (last !== undefined) await fromLast(mine, last);
      else await fromTime(mine);
      begun = true;
      await catchUp(mine);
    } catch (error) {
      if (run !== mine) return;
      if (!begun) host.subscribed({ resumed: false, complete: false });
      host.failed(error as TidemarkError);
      if (begun) skip(place ?? 0, target);
      place = target;
    }
    if (run === mine) flow();
  }

  /** Tells what was held, and from then on at once what comes. */
  function flow(): void {
    flowing = true;
    for (let next = held.shift(); next; next = held.shift()) pass(next.item, next.behind);
    arrive();
  }

  /** A message is read from the log then; a gap has to be told, if too early. */
  function drop(item: Message | Gap | undefined): void {
    if (!item) return;
    if ("until" in item) {
      if (place !== undefined) place = Math.min(place, item.until);
      host.gap(item);
    }
    target = "until" in item ? item.until : item.offset;
  }

  function pass(item: Message | Gap, behind: Cursor | undefined): void {
    if ("until" in item) {
      ahead = undefined;
      place = item.until;
      epoch = behind?.epoch ?? epoch;
      host.gap(item);
      return;
    }
    const { offset } = item;
    if (ahead !== undefined && offset >= ahead) {
      if (offset > ahead) skip(ahead, target);
      ahead = undefined;
    }
    target = offset;
    if (offset > (place ?? 0)) deliver([item]);
  }

  function arrive(): void {
    if (ahead === undefined && target >= (place ?? 0)) host.done();
  }

  return {
    begin() {
      if (flowing) return false;
      if (!run) void perform((run = {}));
      return true;
    },
    hold(item) {
      const behind = host.place();
      if (flowing) {
        pass(item, behind);
        arrive();
        return;
      }
      held.push({ item, behind });
      if (held.length > MAX_HELD) drop(held.shift()?.item);
    },
    place: () => (place === undefined ? undefined : { epoch, offset: place }),
    stop() {
      run = undefined;
      // It goes on from there.
      if (place !== undefined) from = { epoch, offset: place };
      host.clock.clearTimeout(timer);
    },
  };
}
