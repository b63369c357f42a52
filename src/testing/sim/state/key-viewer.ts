/** One subscription of a client of a channel of keys: what it holds, and where that is, over all connections. */
import {
  formatCursor,
  parseCursor,
  type Cursor,
  type EventFrame,
  type MessageFrame,
  type SubscribeResult,
} from "../../../protocol/index.js";
import { DigestedMap } from "../../history/kinds/state/digested-map.js";
import { VIEWS } from "../../history/kinds/state/views.js";
import type { Recorder } from "../recorder.js";
import type { AckWay } from "./acks.js";
import { GRAVES } from "./channels.js";

/** How it sees the channel. */
export interface Seen {
  /** Of {@link VIEWS}. */
  readonly view: string;
  readonly rate: number | undefined;
  /** How far the server may be ahead of it, in bytes; `undefined`: as far as it can. */
  readonly window?: number | undefined;
  readonly acks?: AckWay | undefined;
}

interface StateMeta {
  readonly merged?: number;
  readonly del?: readonly string[];
  readonly part?: number;
  readonly more?: boolean;
}

interface Part {
  readonly set: readonly unknown[];
  readonly del: readonly string[];
}

export class KeyViewer {
  readonly name: string;
  readonly channel: string;
  /** The view of which it is told: it may not see all that it asks for. */
  readonly sees: string;
  readonly #seen: Seen;
  readonly #recorder: Recorder;
  readonly #wrong: (what: string) => void;
  #map = new DigestedMap();
  #cursor: Cursor | undefined;
  /** What the map is: that of this place, and of what view. While it is told anew that is not where it stands. */
  #held: { readonly cursor: Cursor; readonly viewId: string | undefined } | undefined;
  #viewId: string | undefined;
  /** Whether the server has yet to say that it sees the channel. */
  #isNew = true;
  /** Parts of a message that is not whole yet. */
  #parts: Part[] = [];
  /** How often it wants to be told. */
  #rate: number | undefined;
  ch: number | undefined;

  constructor(
    name: string,
    channel: string,
    seen: Seen,
    sees: string,
    recorder: Recorder,
    wrong: (what: string) => void,
    from?: KeyViewer,
  ) {
    this.name = name;
    this.channel = channel;
    this.#seen = seen;
    this.#rate = seen.rate;
    this.sees = sees;
    this.#recorder = recorder;
    this.#wrong = wrong;
    // As one that changes what it sees, and comes with the cursor that it had.
    this.#held = from === undefined ? undefined : from.#held;
    if (from !== undefined) this.#map = new DigestedMap(from.#map);
  }

  /** Of what it holds. */
  get cursor(): Cursor | undefined {
    return this.#held?.cursor;
  }

  get(slot: string): string | undefined {
    return this.#map.get(slot);
  }

  get rate(): number | undefined {
    return this.#rate;
  }

  get isPaused(): boolean {
    return this.#rate === 0;
  }

  /** Whether it has a part of a message, and not the others yet. */
  get isWithin(): boolean {
    return this.#parts.length > 0;
  }

  /** Wants to be told as often as that from now on. */
  tune(rate: number | undefined): void {
    const wasPaused = this.isPaused;
    this.#rate = rate;
    const { channel, name: subscriber, isPaused } = this;
    if (!this.#isNew && wasPaused !== isPaused)
      this.#recorder.add({ is: "paused", channel, subscriber, isPaused });
  }

  /** What to subscribe with. */
  get options(): object {
    const { view, window } = this.#seen;
    const rate = this.#rate;
    return {
      kind: "state",
      ...VIEWS[view],
      ...(rate !== undefined && { rate }),
      ...(window !== undefined && { window }),
      ...(this.#held !== undefined && { cursor: formatCursor(this.#held.cursor) }),
      ...(this.#held?.viewId !== undefined && { view: this.#held.viewId }),
    };
  }

  subscribed({ ch, cursor: text, view }: SubscribeResult): void {
    const { channel, name: subscriber } = this;
    this.ch = ch;
    this.#parts = [];
    this.#viewId = view;
    const at = parseCursor(text ?? "") ?? { epoch: "?", offset: -1 };
    const seen = at.offset === 0 ? this.#held?.cursor : undefined;
    if (this.#isNew)
      this.#recorder.add({
        is: "view",
        channel,
        subscriber,
        view: this.sees,
        at,
        seen,
        graves: GRAVES[channel] ?? 0,
        digest: this.#map.digest,
      });
    else this.#recorder.add({ is: "back", channel, subscriber, at, seen });
    if (this.#isNew && this.isPaused)
      this.#recorder.add({ is: "paused", channel, subscriber, isPaused: true });
    this.#isNew = false;
    this.#cursor = at;
  }

  message([, offset, data, meta]: MessageFrame): void {
    const { del = [], part, more = false, merged = Infinity } = (meta ?? {}) as StateMeta;
    const set = (data ?? []) as readonly unknown[];
    if (merged <= set.length / 2 + del.length)
      this.#wrong(`${this.name}: a message says that it stands for ${merged} changes, and has as many`);
    // A message of one part, or the first one of several, drops what came of another.
    if ((part ?? 0) === 0) this.#parts = [];
    else if (part !== this.#parts.length)
      this.#wrong(`${this.name}: part ${part} came after ${this.#parts.length} of them`);
    this.#parts.push({ set, del });
    if (more) return this.#recorder.count("parts");
    const parts = this.#parts;
    this.#parts = [];
    this.#apply(offset, parts);
  }

  gap({ after, until, epoch, reason }: EventFrame & { event: "gap" }): void {
    const { channel, name: subscriber } = this;
    this.#parts = [];
    this.#cursor = { epoch, offset: until };
    if (until > 0) this.#held = { cursor: this.#cursor, viewId: this.#viewId };
    this.#recorder.count(`gap: ${reason}`);
    this.#recorder.add({ is: "leap", channel, subscriber, after, at: this.#cursor, reason });
  }

  down(): void {
    this.ch = undefined;
    this.#parts = [];
  }

  end(): void {
    if (!this.#isNew) this.#recorder.add({ is: "unview", channel: this.channel, subscriber: this.name });
  }

  #apply(offset: number, parts: readonly Part[]): void {
    const { epoch = "?", offset: before = 0 } = this.#cursor ?? {};
    // What comes to the beginning replaces all.
    if (before === 0) this.#map.clear();
    for (const { set, del } of parts) {
      for (const slot of del) this.#map.delete(slot);
      for (let i = 0; i + 1 < set.length; i += 2) this.#map.set(String(set[i]), JSON.stringify(set[i + 1]));
    }
    this.#cursor = { epoch, offset };
    this.#held = { cursor: this.#cursor, viewId: this.#viewId };
    const { channel, name: subscriber } = this;
    this.#recorder.add({
      is: "applied",
      channel,
      subscriber,
      at: this.#cursor,
      digest: this.#map.digest,
    });
  }
}
