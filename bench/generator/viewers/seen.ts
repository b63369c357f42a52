/** All that a viewer was sent, in order. Viewers who were sent the same share one object, so that it costs next to nothing. */
import type { Frame } from "./frame.js";

interface Place {
  readonly before?: Seen;
  readonly frame?: Frame;
}

export class Seen {
  readonly #place: Place;
  readonly #next = new Map<Frame, Seen>();

  /** Without a place: nothing yet. */
  constructor(place: Place = {}) {
    this.#place = place;
  }

  /** Hot path. The same, and then this. */
  and(frame: Frame): Seen {
    let next = this.#next.get(frame);
    if (next === undefined) this.#next.set(frame, (next = new Seen({ before: this, frame })));
    return next;
  }

  /** Oldest first. */
  get frames(): Frame[] {
    const frames: Frame[] = [];
    let at: Place = this.#place;
    while (at.frame !== undefined) {
      frames.push(at.frame);
      at = at.before === undefined ? {} : at.before.#place;
    }
    return frames.toReversed();
  }
}
