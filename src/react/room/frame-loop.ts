import type { Game, Rows } from "../../client/room/index.js";
import type { Tables } from "../../room/hooks.js";
import { type Painter, realPainter } from "./real-painter.js";

export type Paint = (rows: Rows<Tables>) => void;

/** Those who paint a game, once before each frame of the page. */
export interface FrameLoop {
  /** The function it returns takes `paint` off again. */
  readonly add: (paint: Paint) => () => void;
}

const loops = new WeakMap<Pick<Game, "frame">, FrameLoop>();

/** The loop of a game, the same for all components. */
export function frameLoop(game: Pick<Game, "frame">): FrameLoop {
  const loop = loops.get(game) ?? createFrameLoop(game);
  loops.set(game, loop);
  return loop;
}

export function createFrameLoop(game: Pick<Game, "frame">, next: Painter = realPainter): FrameLoop {
  const paints = new Set<Paint>();
  let stop: (() => void) | undefined;

  function run(): void {
    // First, so that one that throws stops none of the next frames.
    stop = next(run);
    const rows = game.frame();
    for (const paint of paints) paint(rows);
  }

  return {
    add(paint) {
      // One that is given twice is taken off twice.
      const own: Paint = (rows) => paint(rows);
      paints.add(own);
      stop ??= next(run);
      return () => {
        paints.delete(own);
        if (paints.size > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}
