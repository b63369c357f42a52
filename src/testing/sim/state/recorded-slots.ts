/** The truth about logs by keys: every change, every epoch, what was lost, and whether what expired was due. */
import type { Changed, ChangesDraft, Payload, SlotsPage } from "../../../broker/index.js";
import type { Clock } from "../../../protocol/index.js";
import type { Recorder } from "../recorder.js";

/** What a log is known to be. */
interface Known {
  head: number;
  epoch: string | undefined;
  /** All that it was in. */
  readonly epochs: Set<string>;
  floor: number;
  /** When each key is due, as far as that was seen since something was lost. */
  dues: Map<string, number>;
}

/** What is left of a log after a loss. */
interface Left {
  readonly head: number;
  readonly epoch: string;
}

const NAME = /^(?:last|merged)\/(.+)$/;

export class RecordedSlots {
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(recorder: Recorder, clock: Clock) {
    this.#recorder = recorder;
    this.#clock = clock;
  }

  /** The store goes on from what it was, or from nothing. */
  restored(logs: ReadonlyMap<string, Left>): void {
    for (const [channel, known] of this.#known) {
      const { head = 0, epoch } = logs.get(channel) ?? {};
      if (head !== known.head) this.#recorder.add({ is: "loss", channel, head, allowed: true });
      known.head = head;
      // One that the store had opened, and nobody has read since.
      if (epoch !== undefined && !known.epochs.has(epoch)) this.#enter(channel, epoch, head);
      known.epoch = epoch;
      known.dues.clear();
    }
  }

  /** Somebody has read. */
  read(channel: string, { head, floor, epochs }: SlotsPage): void {
    const known = this.#of(channel);
    const newest = epochs.at(-1);
    // Nothing but a loss makes it less, and what makes it more is told.
    if (head !== known.head) this.#recorder.add({ is: "loss", channel, head, allowed: false });
    known.head = head;
    if (newest !== undefined) this.#enter(channel, newest.epoch, newest.base);
    if (floor > known.floor) this.#recorder.add({ is: "floor", channel, floor });
    known.floor = floor;
  }

  /** What became of drafts. */
  changed(channel: string, drafts: readonly ChangesDraft[], outcomes: readonly Changed[]): void {
    const known = this.#of(channel);
    for (let i = 0; i < outcomes.length; i++) {
      const [outcome, draft] = [outcomes[i], drafts[i]];
      if (outcome === undefined || draft === undefined || !("offset" in outcome) || outcome.duplicate)
        continue;
      this.#enter(channel, outcome.epoch, known.head);
      this.#mayExpire(known, channel, draft);
      this.#mustKeepTtl(channel, draft);
      this.#note(known, draft);
      if ("same" in outcome) continue;
      this.#recorder.add({
        is: "change",
        channel,
        epoch: outcome.epoch,
        offset: outcome.offset,
        prev: known.head,
        id: idOf(channel, draft),
        changes: draft.changes.map(({ slot, data }) => ({ slot, text: textOf(data) })),
        ...(draft.if !== undefined && {
          if: draft.if.map(({ slot, unchangedSince }) => ({ slot, since: unchangedSince })),
        }),
      });
      known.head = outcome.offset;
    }
  }

  #enter(channel: string, epoch: string, base: number): void {
    const known = this.#of(channel);
    if (known.epoch === epoch) return;
    const parent = known.head > 0 ? known.epoch : undefined;
    this.#recorder.add({ is: "epoch", channel, epoch, base, parent });
    known.epoch = epoch;
    known.epochs.add(epoch);
  }

  /** What says that it expired must have been due. */
  #mayExpire(known: Known, channel: string, { meta, changes }: ChangesDraft): void {
    if (meta?.includes('"expired":true') !== true) return;
    for (const { slot } of changes) {
      const early = (known.dues.get(slot) ?? -Infinity) - this.#clock.now();
      if (early <= 0) continue;
      const what = `${slot} of ${channel} expired ${Math.round(early)} ms before it was due`;
      this.#recorder.add({ is: "complaint", who: "the log", what });
    }
  }

  /** What somebody says of itself has a time to live, and keeps it when others put something beside it. */
  #mustKeepTtl(channel: string, { changes }: ChangesDraft): void {
    for (const { slot, data, ttl } of changes) {
      if (!slot.startsWith("beat/") || ttl !== undefined) continue;
      if (typeof data !== "string" || !data.startsWith('{"n":')) continue;
      const what = `${slot} of ${channel} is to live for ever: ${data}`;
      this.#recorder.add({ is: "complaint", who: "the log", what });
    }
  }

  #note({ dues }: Known, { changes }: ChangesDraft): void {
    for (const { slot, data, ttl } of changes) {
      if (data === undefined || ttl === undefined) dues.set(slot, Infinity);
      else if (ttl !== "keep") dues.set(slot, this.#clock.now() + ttl);
    }
  }

  #of(channel: string): Known {
    let known = this.#known.get(channel);
    if (known === undefined) {
      known = { head: 0, epoch: undefined, epochs: new Set(), floor: 0, dues: new Map() };
      this.#known.set(channel, known);
    }
    return known;
  }
}

/** Which publish a draft is of: it says so under a key of its publisher's. */
function idOf(channel: string, { changes }: ChangesDraft): string | undefined {
  for (const { slot, data } of changes) {
    const publisher = NAME.exec(slot)?.[1];
    if (publisher !== undefined && typeof data === "string") return `${publisher}@${channel}/${data}`;
  }
  return undefined;
}

function textOf(data: Payload | undefined): string | null {
  return data === undefined ? null : typeof data === "string" ? data : "bytes";
}
