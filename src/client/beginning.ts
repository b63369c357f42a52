/** Loaded when it is needed, and so it takes what it uses from its host. */
import type { Clock, Cursor, StartAt } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";
import type { TidemarkError } from "./errors.js";
import { type LogReader, createLogReader, readNewest } from "./log-reader.js";
import type { Message } from "./message.js";
import type { Gap, Subscribed } from "./sink.js";
import type { History } from "./history.js";

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
  readonly cursor: () => Cursor | undefined;
  /** Nothing more is wanted, unless it begins again. */
  readonly stop: () => void;
}

/** What it needs of its handle. */
export interface BeginningHost {
  /** Where the subscription is, which is confirmed when this begins. */
  readonly cursor: () => Cursor | undefined;
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

export function createBeginning({ last, since = 0 }: StartAt, host: BeginningHost): Beginning {
  let run: LogReader | undefined;
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

  function deliver(messages: readonly Message[]): void {
    for (const message of messages) {
      place = message.offset;
      host.message(message);
    }
  }

  /** Where nothing was found that says where the log is. */
  async function head(log: LogReader): Promise<number> {
    return (await log.read({ limit: 1 })).messages[0]?.offset ?? target;
  }

  async function fromLast(log: LogReader, count: number): Promise<void> {
    const { found, complete, whole } = await readNewest(log, count);
    if (whole) place = 0;
    host.subscribed({ resumed: false, complete });
    deliver(found);
    place = found.at(-1)?.offset ?? target;
  }

  async function fromTime(log: LogReader): Promise<void> {
    const { messages, complete } = await log.read({ since, limit: PAGE });
    const none = messages.length === 0 ? await head(log) : undefined;
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

  async function catchUp(log: LogReader): Promise<void> {
    while (run === log && (place ?? target) < target) {
      const after = place ?? 0;
      const { messages, complete, more } = await log.read({ after, limit: PAGE });
      if (!complete || messages.length === 0) skip(after, messages[0] ? messages[0].offset - 1 : target);
      deliver(messages);
      if (!more) place = Math.max(place ?? 0, target);
    }
  }

  function skip(after: number, until: number): void {
    place = until;
    host.gap({ after, until, reason: until < after ? "rollback" : "trimmed" });
  }

  async function perform(log: LogReader): Promise<void> {
    ({ epoch, offset: target } = host.cursor() ?? { epoch, offset: target });
    let begun = false;
    try {
      if (from) fromCursor(from);
      else if (last !== undefined) await fromLast(log, last);
      else await fromTime(log);
      begun = true;
      await catchUp(log);
    } catch (error) {
      if (run !== log) return;
      if (!begun) host.subscribed({ resumed: false, complete: false });
      host.failed(error as TidemarkError);
      if (begun) skip(place ?? 0, target);
      place = target;
    }
    if (run === log) flow();
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
      if (!run) void perform((run = createLogReader(host.read, host.clock, host.backoff)));
      return true;
    },
    hold(item) {
      const behind = host.cursor();
      if (flowing) {
        pass(item, behind);
        arrive();
        return;
      }
      held.push({ item, behind });
      if (held.length > MAX_HELD) drop(held.shift()?.item);
    },
    cursor: () => (place === undefined ? undefined : { epoch, offset: place }),
    stop() {
      run?.stop();
      run = undefined;
      // It goes on from there.
      if (place !== undefined) from = { epoch, offset: place };
    },
  };
}
