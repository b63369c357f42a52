import { ByteWriter } from "./byte-writer.js";
import { NOTHING } from "./fragments.js";
import { TableCuts } from "./table-cuts.js";
import type { Stores } from "./tables.js";
import { Viewer, type View } from "./viewer.js";

export { HYSTERESIS, Viewer, type View } from "./viewer.js";

/** Frames lie one behind the other in pages of so many bytes, with room for a usual one at the end. */
const PAGE = 32 * 1024;
const USUAL = 1024;

/** What the head of a frame says to its player about its inputs. */
export interface Heard {
  /** The number of the last one that was consumed. Sixteen bits of it are sent: see {@link inputNumber}. */
  readonly ack?: number;
  /** How many wait, up to 255. */
  readonly depth?: number;
}

/**
 * Cuts the frames of all viewers of a room from its tables.
 *
 *     frame = ack, 16 bits · depth, 8 bits · ticks since the frame before, 8 bits, 0 for everything anew · sections, to the end
 *
 * A frame is all of one tick, and of rows out of a viewer's sight it says nothing. It stands on the frame that the viewer was
 * sent before; of those that were skipped it says what they would have said.
 *
 * @example
 * const frames = new Frames(stores);
 * const ann = frames.viewer();
 * const bytes = frames.frameFor(ann, { x: 100, y: 100, rx: 440, ry: 340 }, { ack: 17, depth: 1 });
 */
export class Frames {
  readonly #stores: Stores;
  readonly #cuts: readonly TableCuts[];
  #writer = new ByteWriter(PAGE);
  /** The tick and life of the tables that the cuts are of. */
  #tick = NOTHING;
  #life = 0;
  /** Frames of those who see everything and have no inputs, by the tick before. */
  readonly #shared = new Map<number, Uint8Array>();

  constructor(stores: Stores) {
    this.#stores = stores;
    this.#cuts = stores.map(({ history }, table) => new TableCuts(history, table));
  }

  /**
   * One who is to be sent frames, and has had none.
   *
   * @param budget how many bytes a frame may take, if there is a limit: what is far and was told lately waits then, so that not all
   *   of a frame is of its tick. Heads, rows that leave and the first frame are not counted, and one row always fits
   */
  viewer({ budget }: { readonly budget?: number } = {}): Viewer {
    return new Viewer(this.#stores.length, budget);
  }

  /**
   * What a viewer is sent to be at the newest tick, for the way from its cursor there; `undefined` where it is there already. It is
   * taken to be sent: see {@link Viewer.forget}. A cursor of which the tables hold nothing any more gets everything anew.
   *
   * The bytes are never written to again. Hot: once per viewer and tick.
   */
  frameFor(viewer: Viewer, view: View, heard: Heard = {}): Uint8Array | undefined {
    this.#turn();
    const tick = this.#tick;
    const isOfNow = viewer.life === this.#life;
    if (tick === NOTHING || (isOfNow && viewer.tick === tick)) return undefined;
    const from = isOfNow && this.#holds(viewer.tick) ? viewer.tick : NOTHING;
    viewer.tick = tick;
    viewer.life = this.#life;
    const { ack = 0, depth = 0 } = heard;
    if (!this.#isShared(viewer, view, from, ack, depth)) return this.#write(viewer, view, from, ack, depth);
    let frame = this.#shared.get(from);
    if (frame === undefined) {
      frame = this.#write(viewer, view, from, ack, depth);
      this.#shared.set(from, frame);
    } else for (const seen of viewer.seen) seen.isWhole = true;
    return frame;
  }

  #turn(): void {
    const [first] = this.#stores;
    if (first === undefined) return;
    const { newest, life } = first.history;
    if (newest === this.#tick && life === this.#life) return;
    this.#tick = newest;
    this.#life = life;
    this.#shared.clear();
    for (const cuts of this.#cuts) cuts.turn();
  }

  #holds(tick: number): boolean {
    return tick !== NOTHING && this.#stores.every(({ history }) => history.holds(tick));
  }

  #isShared({ budget, seen }: Viewer, view: View, from: number, ack: number, depth: number): boolean {
    if (view !== "all" || budget !== undefined || ack !== 0 || depth !== 0) return false;
    return from === NOTHING || seen.every(({ isWhole }) => isWhole);
  }

  #write({ seen, budget }: Viewer, view: View, from: number, ack: number, depth: number): Uint8Array {
    if (this.#writer.bytes.length - this.#writer.size < USUAL) this.#writer = new ByteWriter(PAGE);
    const writer = this.#writer;
    const start = writer.size;
    writer.u16(ack & 0xffff);
    writer.u8(Math.min(depth, 0xff));
    writer.u8(from === NOTHING ? 0 : this.#tick - from);
    const begin = writer.size;
    for (let table = 0; table < seen.length; table++) {
      const left =
        budget === undefined
          ? undefined
          : Math.max(0, budget - (writer.size - begin)) / (seen.length - table);
      const one = seen[table];
      if (one !== undefined) this.#cuts[table]?.write(writer, one, from, view, left);
    }
    return writer.bytes.subarray(start, writer.size);
  }
}
