/** Conditions that hold for a while and may overlap: a slow link, a lossy hint channel. */
export class ActiveTroubles<Kind extends string> {
  readonly #active = new Map<Kind, Set<{ readonly size: number }>>();

  /** Begins one; the returned function ends it. */
  begin(kind: Kind, size: number): () => void {
    const trouble = { size };
    const others = this.#active.get(kind) ?? new Set();
    others.add(trouble);
    this.#active.set(kind, others);
    return () => void others.delete(trouble);
  }

  /** How strong the strongest of that kind is; 0 when there is none. */
  strength(kind: Kind): number {
    let most = 0;
    for (const { size } of this.#active.get(kind) ?? []) most = Math.max(most, size);
    return most;
  }
}
