import type { Client, Gap, Message, Stream, TidemarkError } from "../client/index.js";
import { type Held, clientOf, createHeld } from "./held.js";
import { createPending } from "./pending.js";
import type { PresenceView, StreamView, UseStreamOptions } from "./types.js";
import { type View, createView } from "./view.js";

/** One stream channel, for all components that look at it. */
export interface StreamStore {
  /** One more component will look: it wants so much of the past. */
  readonly want: (options: UseStreamOptions) => void;
  readonly view: View<StreamView>;
  readonly presence: View<PresenceView>;
  readonly held: () => boolean;
}

const KEEP = 1000;
const PAGE = 50;
/** As many as a server gives at once. */
const MAX_PAGE = 1000;

const NOTHING = { ready: false, gap: undefined, error: undefined, hasOlder: true } as const;

/** What is known of the channel, besides messages and what is pending. */
interface Facts {
  readonly ready: boolean;
  readonly gap: Gap | undefined;
  readonly error: TidemarkError | undefined;
  readonly hasOlder: boolean;
}

export function createStreamStore(client: Client | undefined, name: string): StreamStore {
  let facts: Facts = NOTHING;
  /** Unbroken: what follows each one here follows it in the log. Changed in place; a view copies it. */
  let messages: Message[] = [];
  /** How many messages may stay: none while components look at the members only. */
  let bound = 0;
  /** How far back components want to see, in messages. */
  let wanted = 0;
  /** The offset up to which messages have come. */
  let seen = 0;
  /** Another one whenever messages went from the front: a page that was asked for before does not fit any more. */
  let front = 0;
  let loading: Promise<void> | undefined;

  const held: Held<Stream> = createHeld(open, forget, (error) => update({ error }));
  const pending = createPending(
    (data) => held.handle().publish(data),
    () => (facts.error === undefined && held.held() ? seen : Infinity),
    () => view.changed(),
  );
  const view = createView(snapshot, held.hold);
  const presence = createView(members, held.hold);

  function snapshot(): StreamView {
    return {
      ...facts,
      messages: [...messages],
      pending: pending.list(),
      loadingOlder: loading !== undefined,
      loadOlder,
      publish: pending.publish,
    };
  }

  function members(): PresenceView {
    const handle = held.peek();
    return { members: handle?.members ?? [], count: handle?.memberCount ?? 0 };
  }

  function update(next: Partial<Facts>): void {
    facts = { ...facts, ...next };
    view.changed();
  }

  function open(): Stream {
    const handle = clientOf(client).stream(name, { last: Math.min(wanted, MAX_PAGE) });
    handle.on("subscribed", ({ resumed, complete }) => {
      const isStart = handle.cursor?.endsWith(":0") ?? false;
      // What was there before it was refused stays: then it is `loadOlder` that says what there is.
      const news = !resumed && messages.length === 0 && { hasOlder: complete && !isStart };
      update({ ready: true, error: undefined, ...news });
      if (wanted > MAX_PAGE) fill(wanted);
    });
    handle.on("message", (message) => {
      // Read from the history already, when a component wanted more than the one before.
      if (message.offset <= (messages.at(-1)?.offset ?? 0)) return;
      messages.push(message);
      if (messages.length > bound) {
        messages.shift();
        front++;
        if (!facts.hasOlder) update({ hasOlder: true });
      }
      pending.arrived(message);
      pass(message.offset);
    });
    handle.on("gap", resetAt);
    handle.on("unsubscribed", (error) => update({ error }));
    handle.on("error", (error) => update({ error }));
    handle.on("members", presence.changed);
    return handle;
  }

  function pass(offset: number): void {
    seen = offset;
    pending.passed(offset);
    view.changed();
  }

  /** Keeps the messages in one piece with what comes after the gap. */
  function resetAt(gap: Gap): void {
    const { reason, until } = gap;
    const another = reason === "epoch";
    if (reason !== "failover") {
      front++;
      messages = reason === "rollback" ? messages.filter(({ offset }) => offset <= until) : [];
    }
    // Before the oldest message that is kept there is nothing; of another log nothing is known.
    update({ gap, ...(reason === "trimmed" && { hasOlder: false }), ...(another && { hasOlder: true }) });
    // What was acknowledged came before this, or is gone.
    pending.passed(Infinity);
    pass(until);
    if (another) fill(wanted);
  }

  function forget(): void {
    facts = NOTHING;
    messages = [];
    bound = wanted = seen = 0;
    front++;
    loading = undefined;
    view.changed();
    presence.changed();
  }

  /** Reads back until there are `count` messages. */
  function fill(count: number): void {
    const missing = Math.min(count - messages.length, MAX_PAGE);
    if (missing <= 0 || !facts.hasOlder) return;
    const before = messages[0];
    // Whoever asks for more is told why there is none.
    loadOlder(missing).then(
      () => messages[0] !== before && fill(count),
      () => {},
    );
  }

  function loadOlder(limit = PAGE): Promise<void> {
    if (loading !== undefined) return loading;
    const own = page(limit).finally(() => {
      if (loading === own) loading = undefined;
      view.changed();
    });
    loading = own;
    view.changed();
    return own;
  }

  async function page(limit: number): Promise<void> {
    const before = messages[0]?.offset;
    const asked = front;
    const options = before === undefined ? { limit } : { before, limit };
    const { messages: found, more } = await held.handle().history(options);
    if (asked !== front) return;
    // With no message to read back from, the newest were read, and some of them may have come meanwhile.
    const first = messages[0]?.offset ?? Infinity;
    const older = found.filter(({ offset }) => offset < first);
    messages = [...older, ...messages];
    bound += older.length;
    older.forEach(pending.arrived);
    update({ hasOlder: more });
  }

  return {
    want({ last = 0, keep = KEEP }) {
      wanted = Math.max(wanted, last);
      bound = Math.max(bound, keep, last);
      if (facts.error) held.again();
      if (held.peek() !== undefined) fill(wanted);
    },
    view,
    presence,
    held: held.held,
  };
}
