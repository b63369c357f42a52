/** All that a viewer was sent, in order. Viewers who were sent the same share one object, so that it costs next to nothing. */
import type { Frame } from "./frame.js";

interface Place {
  readonly before?: Seen;
  readonly frame?: Frame;
}

export class Seen {
  readonly #place: Place;
  /** Nearly always there is one that follows. */
  #next: Seen | undefined;
  #others: Map<Frame, Seen> | undefined;

  /** Without a place: nothing yet. */
  constructor(place: Place = {}) {
    this.#place = place;
  }

  /** Hot path. The same, and then this. */
  and(frame: Frame): Seen {
    const next = this.#next;
    if (next === undefined) return (this.#next = new Seen({ before: this, frame }));
    if (next.#place.frame === frame) return next;
    const others = (this.#others ??= new Map<Frame, Seen>());
    let other = others.get(frame);
    if (other === undefined) others.set(frame, (other = new Seen({ before: this, frame })));
    return other;
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
