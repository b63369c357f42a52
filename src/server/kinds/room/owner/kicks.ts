import type { Ask } from "../messages.js";
import type { Left } from "../run/arrivals.js";

/** A seat that is free again. `reason`: what its player is told, where the application has sent it away and said why. */
export interface Gone extends Left {
  readonly reason?: string | undefined;
}

/** What players are told who are sent away: the room itself does not know it, and so it is not in its log. */
export class Kicks {
  /** By seat, of those who go with the next tick. */
  #reasons = new Map<string, string>();

  add({ seat, reason }: Extract<Ask, { is: "kick" }>): void {
    if (reason === undefined) this.#reasons.delete(seat);
    else this.#reasons.set(seat, reason);
  }

  /** To be called with what has become of all that waited. Hot: once a turn. */
  explain(left: readonly Left[]): readonly Gone[] {
    if (this.#reasons.size === 0) return left;
    const reasons = this.#reasons;
    this.#reasons = new Map();
    return left.map((one) =>
      one.why === "kicked" && reasons.has(one.seat) ? { ...one, reason: reasons.get(one.seat) } : one,
    );
  }
}
