import type { Cursor } from "../../protocol/index.js";
import type { Chunk } from "../delivery/chunk.js";

/** A piece of what one gets who is behind: encoded once, for all who stand at one place. It never changes. */
export interface Cut {
  /** Where one stands whom it is for. */
  readonly from: Cursor;
  /** Where one stands who has been sent all of it. */
  readonly end: Cursor;
  /**
   * How many chunks it has; one at least. Where there are more, they are the parts of one message, and nothing else of the channel
   * may come between them.
   */
  readonly pages: number;
  /** One of them; `undefined` where what it is made of has gone. Then the cut is asked for anew: of the memory, or of the log. */
  page(index: number): Chunk | undefined;
}
