/** One viewer: a connection of its own, the handles on it at one rate, and what it all costs. */
import { connect, type Client } from "tidemark/client";
import { timeOf } from "tidemark/protocol";
import type { DashboardApp } from "../server.js";
import { Meter } from "./meter.js";
import { Tap } from "./tap.js";

/** What a viewer does with all of its handles alike. */
export interface Shown {
  readonly cursor: string | undefined;
  tune(options: { readonly rate: number }): unknown;
  pause(): unknown;
  resume(): unknown;
  close(): void;
}

/** What a viewer gets, a second unless it says otherwise. */
export interface Figures {
  readonly messages: number;
  readonly changes: number;
  /** How many changes one shown value stands for. */
  readonly merged: number;
  /** Bytes as they are on the wire. */
  readonly wire: number;
  /** Bytes that were saved on the wire so far, and what part of all that is, 0 to 1. */
  readonly saved: number;
  readonly savedShare: number;
  /** How old what is shown is, in milliseconds; `undefined` before there is anything. */
  readonly age: number | undefined;
}

const ASK_MS = 1000;

export class Viewer {
  readonly rt: Client<DashboardApp>;
  readonly tap: Tap;
  readonly #id = crypto.randomUUID();
  readonly #handles = new Set<Shown>();
  readonly #messages = new Meter();
  readonly #changes = new Meter();
  readonly #keys = new Meter();
  readonly #asking: ReturnType<typeof setInterval>;
  #rate: number;
  #paused = false;
  #slow = false;
  /** The one whose age is shown. */
  #main: Shown | undefined;
  /** By how much the server's clock is ahead, in milliseconds. */
  #ahead = 0;
  /** Bytes on the wire so far over all connections, and those of this connection at the last look. */
  #sent = 0;
  #sentHere = 0;
  /** When that was by the server's clock, and how many bytes a second it was then. */
  #lookedAt = 0;
  #wire = 0;

  constructor(rate: number) {
    this.#rate = rate;
    this.tap = new Tap(({ keys, changes }) => {
      this.#messages.add(1);
      this.#changes.add(changes);
      this.#keys.add(keys);
    });
    this.rt = connect<DashboardApp>(`link?id=${this.#id}&deflate=1`, {
      backoff: { min: 100, max: 2000 },
      environment: { transport: this.tap.transport },
    });
    this.rt.on("status", (status) => {
      if (status !== "online") return;
      this.#sentHere = 0;
      void this.#ask(this.#slow || undefined);
    });
    this.#asking = setInterval(() => {
      if (document.visibilityState === "visible" && this.rt.status === "online") void this.#ask();
    }, ASK_MS);
  }

  get rate(): number {
    return this.#rate;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Has a handle follow the rate; it is closed by `drop`. */
  take<Handle extends Shown>(handle: Handle, main = false): Handle {
    this.#handles.add(handle);
    if (main) this.#main = handle;
    if (this.#paused) handle.pause();
    return handle;
  }

  drop(handle: Shown): void {
    this.#handles.delete(handle);
    if (this.#main === handle) this.#main = undefined;
    handle.close();
  }

  tune(rate: number): void {
    this.#rate = rate;
    for (const each of this.#handles) each.tune({ rate });
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    for (const each of this.#handles) {
      if (paused) each.pause();
      else each.resume();
    }
  }

  /** Has the server send no more than 20 KB a second to this viewer, or as much as it likes. */
  async makeSlow(slow: boolean): Promise<void> {
    this.#slow = slow;
    await this.#ask(slow);
  }

  figures(): Figures {
    const [keys, changes] = [this.#keys.perSecond(), this.#changes.perSecond()];
    const saved = Math.max(0, this.tap.bytes - this.#sent);
    return {
      messages: this.#messages.perSecond(),
      changes,
      merged: keys > 0 ? changes / keys : 1,
      wire: this.#wire,
      saved,
      savedShare: this.tap.bytes > 0 ? saved / this.tap.bytes : 0,
      age: this.age(),
    };
  }

  /** How old what is shown is, in milliseconds. */
  age(): number | undefined {
    const offset = Number(this.#main?.cursor?.split(":").at(-1) ?? 0);
    return offset > 0 ? Math.max(0, Date.now() + this.#ahead - timeOf(offset)) : undefined;
  }

  close(): void {
    clearInterval(this.#asking);
    for (const each of this.#handles) this.drop(each);
    this.rt.close();
  }

  /** Asks what was sent so far and what time it is there: a clock that is off would make everything old, or not yet there. */
  async #ask(slow?: boolean): Promise<void> {
    const before = Date.now();
    try {
      const { sent, now } = await this.rt.call(
        "link",
        slow === undefined ? { id: this.#id } : { id: this.#id, slow },
      );
      const took = Date.now() - before;
      // On a slow link the answer waits behind everything else, and says little about the time.
      if (took < 200 || this.#ahead === 0) this.#ahead = now - (before + took / 2);
      const more = Math.max(0, sent - this.#sentHere);
      this.#sentHere = sent;
      this.#sent += more;
      if (this.#lookedAt > 0) this.#wire = (more / Math.max(100, now - this.#lookedAt)) * 1000;
      this.#lookedAt = now;
    } catch {
      // Cut off: the next connection asks again.
    }
  }
}
