import {
  type Cursor,
  type SlotFilter,
  type SubscribeResult,
  formatCursor,
  parseCursor,
  timeOf,
} from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";
import type { ChannelSubscription, ClientHost } from "../host.js";
import type { ClientKind } from "../kinds/kind.js";
import type { Message } from "../message.js";
import type { Sink, SubscriptionEvents } from "../sink.js";
import type { Page } from "../page.js";
import { Acks } from "./acks.js";
import { Assembly, type Told } from "./assembly.js";
import { covers, union } from "./filter.js";
import { Frames } from "./frames.js";
import { Rate } from "./rate.js";
import type { Lag } from "./types.js";
import { type Shown, Values } from "./values.js";
import { Writer } from "./writer.js";

/** A handle, as its channel sees it. */
export interface Viewer {
  readonly filter: SlotFilter;
  /** How many messages a second it wants at most: 0 for none, `Infinity` as they come. */
  readonly rate: () => number;
  /** The same, also while it is paused. */
  readonly ownRate: () => number;
  /** The map is whole for the first time; or the handle was made when it was. */
  readonly whole: () => void;
  readonly show: (shown: Shown) => void;
  readonly tell: Sink["tell"];
  readonly failed: Sink["failed"];
  readonly over: Sink["over"];
}

/** How a channel is watched, as its first handle says. */
export interface ChannelOptions {
  readonly window: number;
  readonly page: Page;
}

/** One channel of keys on one client: its subscription, its map, and its writes, shared by the handles on it. */
export class StateChannel {
  readonly values = new Values();
  readonly writer: Writer;
  readonly page: Page;
  readonly #host: ClientHost;
  readonly #window: number;
  readonly #kind: ClientKind;
  readonly #sink: Sink;
  readonly #acks: Acks;
  readonly #frames: Frames;
  readonly #rate: Rate;
  readonly #ended: () => void;
  #viewers: readonly Viewer[] = [];
  #subscription: ChannelSubscription;
  /** What is asked for: all that the handles want, or more. `undefined` before the first one. */
  #filter: SlotFilter | undefined;
  /** What the server calls what is seen, */
  #view: string | undefined;
  /** and what it called that of which the map is: it goes with the map's cursor. */
  #heldView: string | undefined;
  /** Whether the map has all that is asked for. */
  #isWhole = false;
  #isRefused = false;
  /** It is to be subscribed again when it is on: something else is wanted meanwhile. */
  #repeat = false;
  readonly #assembly = new Assembly();
  /** The message that is whole, until it is applied. */
  #told: Told = { set: [], gone: [], merged: 0 };
  #lag: Omit<Lag, "behind"> = { merged: 0, age: 0 };
  #stopListening = (): void => {};

  /**
   * @param ended it has no handle any more
   * @throws {TidemarkError} as `subscribe` of the host
   */
  constructor(host: ClientHost, name: string, { window, page }: ChannelOptions, ended: () => void) {
    this.#host = host;
    this.#window = window;
    this.page = page;
    this.#ended = ended;
    this.#kind = this.#kindOf();
    this.#sink = this.#sinkOf();
    this.#subscription = host.subscribe(name, this.#kind, {});
    this.#rate = new Rate(host, this.name, () => this.#again());
    this.#acks = new Acks(host.clock, (lines) =>
      this.#subscription.line((ch) => `{"ack":${ch},"n":${lines}}`),
    );
    this.#frames = new Frames(host.clock, page, () => this.#show());
    this.writer = new Writer(host, this.name, this.values, () => this.changed());
  }

  get name(): string {
    return this.#subscription.name;
  }

  get subscription(): ChannelSubscription {
    return this.#subscription;
  }

  get lag(): Lag {
    return { ...this.#lag, behind: !this.#isWhole || this.#assembly.isMiddle };
  }

  /** @throws {TidemarkError} as `subscribe` of the host */
  add(viewer: Viewer): void {
    const first = this.#viewers.length === 0;
    if (first) this.#begin();
    this.#include(viewer.filter);
    this.#viewers = [...this.#viewers, viewer];
    if (first) this.#subscription.add(this.#sink, {});
    else if (this.#isRefused) this.#again();
    if (this.#isWhole && !this.#isRefused)
      queueMicrotask(() => {
        if (!this.#viewers.includes(viewer)) return;
        // The first is told by the subscription.
        if (!first) viewer.tell("subscribed", { resumed: false, complete: true });
        viewer.whole();
      });
    this.changed();
  }

  remove(viewer: Viewer): void {
    this.#viewers = this.#viewers.filter((other) => other !== viewer);
    if (this.#viewers.length > 0) {
      this.changed();
      return;
    }
    // Before the subscription ends, which it does after this turn unless there is a handle then.
    queueMicrotask(() => this.#viewers.length === 0 && this.#end());
    this.#subscription.remove(this.#sink);
  }

  /** What is shown may have changed, or how often handles want to be told. */
  changed(): void {
    this.#rate.want(this.#wanted());
    this.#frames.request();
  }

  #begin(): void {
    this.#subscription = this.#host.subscribe(this.name, this.#kind, {});
    this.#stopListening();
    this.#stopListening = this.page.listen(() => {
      // What waits for a page that is not painted any more.
      this.#frames.flush();
      this.changed();
    });
  }

  /** Another filter is another subscription, which begins anew, no earlier than the cursor: the map stays until that has come. */
  #include(filter: SlotFilter): void {
    this.#filter ??= filter;
    if (covers(this.#filter, filter)) return;
    this.#filter = union(this.#filter, filter);
    this.#isWhole = false;
    this.#again();
  }

  #again(): void {
    if (!this.#subscription.again()) this.#repeat = true;
  }

  #end(): void {
    this.writer.giveUp(new TidemarkError("closed", `all handles on ${this.name} were closed`));
    this.#rate.off();
    this.#stopListening();
    this.#acks.stop();
    this.#frames.stop();
    this.#ended();
  }

  /** As often as the most demanding handle wants, and while writes wait for the map, or there is none yet, although all are paused. */
  #wanted(): number {
    const rates = this.#viewers.map((viewer) => viewer.rate());
    const most = Math.max(0, ...rates);
    if (most > 0 || (this.#isWhole && !this.writer.isWaiting)) return most;
    return Math.max(0, ...this.#viewers.map((viewer) => viewer.ownRate())) || Infinity;
  }

  #kindOf(): ClientKind {
    return {
      name: "state",
      send: this.#host.publish,
      compacted: {
        options: (acknowledged) => {
          // Where the map is, also while all is told anew: nothing older may come, and what was lost is told.
          const held = this.values.cursor;
          this.#repeat = false;
          return {
            ...this.#filter,
            ...this.#rate.options(acknowledged, this.#wanted()),
            ...(held && { cursor: formatCursor(held) }),
            ...(held && this.#heldView !== undefined && { view: this.#heldView }),
            ...(acknowledged && { window: this.#window }),
          };
        },
        on: (result) => this.#on(result),
        line: (frame, size) => {
          const told = this.#assembly.take(frame);
          this.#acks.line(size, !told);
          if (!told) return true;
          this.#told = told;
          // What only moves the cursor is shown as well.
          this.#frames.request();
          return false;
        },
      },
    };
  }

  #on({ view, window, cursor }: SubscribeResult & { readonly window?: number }): void {
    this.#isRefused = false;
    this.#view = view;
    // All is to be told, whether this client has asked for that or not; or nothing is missing, since it is the view of before.
    if (parseCursor(cursor ?? "")?.offset === 0) this.#isWhole = false;
    else if (!this.#repeat) this.#isWhole = true;
    this.#acks.begin(window);
    this.#rate.on();
    // When those who wait for it know that it is on.
    queueMicrotask(() => this.#repeat && this.#again());
    this.changed();
  }

  #sinkOf(): Sink {
    return {
      message: (message, before) => this.#apply(message, before),
      tell: (about, value) => this.#tell(about, value),
      failed: (error) => this.#each((viewer) => viewer.failed(error)),
      over: (error, why) => this.#over(error, why),
    };
  }

  #apply({ offset }: Message, before: Cursor | undefined): void {
    const { set, gone, merged } = this.#told;
    const anew = !before || before.offset === 0;
    this.values.apply(set, gone, anew, this.#subscription.cursor());
    this.#heldView = this.#view;
    if (set.length + gone.length > 0 && offset > 0)
      this.#lag = { merged, age: Math.max(0, this.#host.clock.now() - timeOf(offset)) };
    this.#isWhole ||= anew && !this.#repeat;
    this.writer.pump();
    this.changed();
    if (this.#isWhole && anew) this.#each((viewer) => viewer.whole());
  }

  #tell<Name extends keyof SubscriptionEvents>(about: Name, value: SubscriptionEvents[Name]): void {
    const cursor = this.#subscription.cursor();
    if (about === "gap" && cursor) {
      this.#assembly.drop();
      this.values.gap(cursor);
      if (cursor.offset === 0) this.#isWhole = false;
      this.writer.pump();
      this.changed();
    }
    this.#each((viewer) => {
      viewer.tell(about, value);
      // Where nothing has changed meanwhile nothing comes.
      if (about === "subscribed" && this.#isWhole) viewer.whole();
    });
  }

  #over(error: TidemarkError, why: "refused" | "unsubscribed" | "closed"): void {
    this.#isRefused = true;
    this.#acks.stop();
    this.#rate.off();
    this.#assembly.drop();
    this.#each((viewer) => viewer.over(error, why));
    this.writer.giveUp(error);
    this.changed();
  }

  #show(): void {
    const shown = this.values.take();
    if (shown) this.#each((viewer) => viewer.show(shown));
    this.#acks.shown();
  }

  #each(act: (viewer: Viewer) => void): void {
    for (const viewer of this.#viewers) act(viewer);
  }
}
