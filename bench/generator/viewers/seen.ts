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
    for (let at: Place = this.#place; at.frame !== undefined; at = at.before?.#place ?? {})
      frames.push(at.frame);
    return frames.toReversed();
  }
}
