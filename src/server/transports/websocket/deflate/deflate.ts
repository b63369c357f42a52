/**
 * Compression, for all sockets of a node whose peers have agreed to it. Going out, a chunk is compressed once for all of them; coming
 * in, each message is inflated by itself. Either takes several times as long as what else is done for a message, so both keep to what
 * a turn of the event loop is good for: what comes in waits for its turn, and what goes out goes as it is.
 */
import { constants, deflateRawSync } from "node:zlib";
import type { Clock } from "../../../../protocol/index.js";
import { TurnBudget } from "../../../connection/limits/turn-budget.js";
import type { Chunk } from "../../../delivery/chunk.js";
import { compressedFrame, frameOf, type Compressor } from "../frame.js";

/** As how many light commands it counts to inflate a message, and of how many bytes in it each counts as one more. */
const INFLATE = 8;
const INFLATED_PER_UNIT = 1024;
/** The same for compressing a chunk. */
const DEFLATE = 15;
const DEFLATED_PER_UNIT = 256;
/** What a compressed message ends with, and is sent without: RFC 7692 (7.2.1). */
const TAIL_BYTES = 4;
const FASTEST = 1;

export class Deflate implements Compressor {
  readonly #inflating: TurnBudget;
  readonly #deflating: TurnBudget;

  /** @param turns of commands: a message that has to be inflated is a part of what its sender wants done */
  constructor(clock: Clock, turns: TurnBudget) {
    this.#inflating = turns;
    this.#deflating = new TurnBudget(clock);
  }

  /** Takes the time to inflate a message; `false` where this turn has none left. */
  takeTurn(): boolean {
    return this.#inflating.take(INFLATE);
  }

  /** Calls `run` in a later turn that has time to inflate a message, which is taken. */
  whenTurn(run: () => void, hasLittle: boolean): void {
    this.#inflating.wait(() => {
      this.#inflating.spend(INFLATE);
      run();
    }, hasLittle);
  }

  /** A message was inflated to so many bytes. */
  inflated(bytes: number): void {
    this.#inflating.spend(Math.floor(bytes / INFLATED_PER_UNIT));
  }

  /**
   * The frame of a chunk that may be compressed. Hot path: the first socket's write compresses it, and the frame is kept with the
   * chunk. In a turn that has no time left for that, it is the plain one.
   */
  frameOf(chunk: Chunk): string | Buffer {
    if (chunk.deflatedFrame !== undefined) return chunk.deflatedFrame;
    if (!this.#deflating.take(DEFLATE + Math.floor(chunk.size / DEFLATED_PER_UNIT))) return frameOf(chunk);
    return (chunk.deflatedFrame = deflatedFrame(chunk.toText()));
  }
}

function deflatedFrame(text: string): Buffer {
  const bytes = deflateRawSync(text, { level: FASTEST, finishFlush: constants.Z_SYNC_FLUSH });
  return compressedFrame(bytes.subarray(0, bytes.length - TAIL_BYTES));
}
