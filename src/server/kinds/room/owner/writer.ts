import {
  BrokerError,
  type Broker,
  type Change,
  type Changed,
  type ChangesDraft,
} from "../../../../broker/index.js";
import type { Clock } from "../../../../protocol/index.js";
import { detach, type OnError } from "../../../guard.js";
import { encodeWriter, roomLogOptions } from "./room-log.js";

/** How long it waits before it tries the same again, in milliseconds. */
const RETRY_MS = 100;

/**
 * What became of a write:
 * - `written`: it is in the log
 * - `fenced`: another one reigns, or nobody; nothing of it is in the log
 * - `late`: the reign was over before that was known; it may be in the log
 * - `full`: the log holds as much as it may
 * - `refused`: for a reason that cannot be; nothing of it is in the log
 */
export type Written = "written" | "fenced" | "late" | "full" | "refused";

export interface WriterDeps {
  readonly broker: Pick<Broker, "change">;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly channel: string;
  /** Of the reign: what the log judges by, and its name. */
  readonly token: string;
  readonly reign: string;
  /** Whether the reign is good: asked before every try. */
  readonly isGood: () => boolean;
  /** Told the epoch of each write that was answered. */
  readonly onEpoch: (epoch: string) => void;
  readonly onError: OnError;
}

export interface WriteOptions {
  /** Hinted without what it says: followers need nothing of it. */
  readonly quiet?: boolean;
  /** The room's last write: its log may go soon. */
  readonly closed?: boolean;
}

interface Waiting {
  readonly changes: Map<string, Change>;
  quiet: boolean;
  closed: boolean;
  readonly done: Promise<Written>;
  readonly resolve: (written: Written) => void;
}

/**
 * Writes the log of a room under one reign, one append after the other. What comes while one is on its way goes together in the next, all of it
 * at once. One whose outcome is unknown is tried again under its key until the reign is over, and nothing overtakes it.
 */
export class LogWriter {
  readonly #deps: WriterDeps;
  #next: Waiting | undefined;
  #isWriting = false;
  #drafts = 0;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
  }

  /** Whether nothing is on its way. */
  get isIdle(): boolean {
    return !this.#isWriting;
  }

  /** Never rejects. Of changes of one slot that go together the last one counts. */
  write(changes: readonly Change[], { quiet = false, closed = false }: WriteOptions = {}): Promise<Written> {
    const next = (this.#next ??= newWaiting());
    for (const change of changes) next.changes.set(change.slot, change);
    next.quiet &&= quiet;
    next.closed ||= closed;
    if (!this.#isWriting) detach(this.#writeAll(), this.#deps.onError);
    return next.done;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // What else this turn has to write goes along.
    await Promise.resolve();
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      const written = await this.#append(next);
      if (this.#next === undefined) this.#isWriting = false;
      next.resolve(written);
    }
  }

  async #append({ changes, quiet, closed }: Waiting): Promise<Written> {
    const { broker, channel, token, reign, isGood, onError } = this.#deps;
    const draft: ChangesDraft = {
      key: { scope: `room/${reign}`, id: ++this.#drafts, print: 0 },
      meta: encodeWriter(reign),
      reign: token,
      changes: [...changes.values()],
      quiet,
    };
    while (isGood()) {
      try {
        const [outcome] = await broker.change(channel, [draft], roomLogOptions({ closed }));
        const written = this.#read(outcome);
        if (written !== undefined) return written;
      } catch (error) {
        onError(error);
        if (error instanceof BrokerError && error.code === "closed") return "late";
      }
      await this.#wait();
    }
    return "late";
  }

  /** `undefined`: nobody knows. */
  #read(outcome: Changed | undefined): Written | undefined {
    if (outcome === undefined) return undefined;
    if ("offset" in outcome) {
      this.#deps.onEpoch(outcome.epoch);
      return "written";
    }
    switch (outcome.error) {
      case "fenced":
        return "fenced";
      case "log_full":
        return "full";
      case "outcome_unknown":
        return undefined;
      case "key_conflict":
      case "conflict":
      case "cursor_ahead":
        return "refused";
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.setTimeout(resolve, RETRY_MS);
    });
  }
}

function newWaiting(): Waiting {
  let resolve: (written: Written) => void = () => {};
  const done = new Promise<Written>((settle) => (resolve = settle));
  return { changes: new Map(), quiet: true, closed: false, done, resolve };
}
