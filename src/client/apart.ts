import type { Cursor, StartAt } from "../protocol/index.js";
import type { Beginning, BeginningHost } from "./beginning.js";
import { TidemarkError, messageOf } from "./errors.js";
import type { Message } from "./message.js";
import type { Gap } from "./sink.js";

/**
 * A handle's own beginning, while the handle is elsewhere than the subscription that it shares: what is needed for that
 * is loaded when the subscription is on.
 */
export interface Apart {
  /** The subscription is on. Says whether the handle is told so later, when it is known where it begins. */
  readonly begin: () => boolean;
  /** What the subscription brings, to be told in its turn. Before it is on, that is behind the beginning. */
  readonly hold: (item: Message | Gap) => void;
  /** Where the handle is, as far as that is known. */
  readonly cursor: () => Cursor | undefined;
  /** Nothing more is wanted, unless it begins again. */
  readonly stop: () => void;
}

/** @param wanted whether the handle still wants what was loaded */
export function createApart(
  channel: string,
  start: StartAt,
  host: BeginningHost,
  wanted: () => boolean,
): Apart {
  let beginning: Beginning | undefined;
  let loading = false;

  /** Few pages need it. */
  async function load(): Promise<void> {
    const { createBeginning } = await import("./beginning.js");
    beginning = createBeginning(start, host);
    if (wanted()) beginning.begin();
  }

  function cannotBegin(cause: unknown): void {
    host.done();
    if (wanted()) host.subscribed({ resumed: false, complete: false });
    const details = { retry: false, channel, cause };
    host.failed(new TidemarkError("unavailable", messageOf(cause), details));
  }

  return {
    begin() {
      if (beginning) return beginning.begin();
      if (!loading) {
        loading = true;
        load().catch(cannotBegin);
      }
      return true;
    },
    hold: (item) => beginning?.hold(item),
    cursor: () => beginning?.cursor(),
    stop: () => beginning?.stop(),
  };
}
