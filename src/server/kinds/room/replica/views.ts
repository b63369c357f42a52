/** What players see of a room, as its code says. */
import type { Row } from "../../../../room/column.js";
import type { SeenOf, Tables, View } from "../../../../room/hooks.js";
import type { AnyHooks } from "../../../../room/shape.js";
import type { Stores } from "../../../../room/tables.js";
import type { ShownSeat } from "../tick-message.js";
import type { ViewMarks } from "./view-marks.js";

const NO_ROWS: ReadonlyMap<string, Row> = new Map();

export class Views {
  readonly #hooks: Pick<AnyHooks, "view">;
  readonly #names: readonly string[];
  readonly #onError: (error: unknown) => void;
  readonly #watch: ViewMarks | undefined;
  /** The state of the tick that was last looked at. */
  #state: SeenOf<Tables> | undefined;
  #stores: Stores | undefined;
  #tick = -1;
  #life = -1;
  #hasFailed = false;

  /** @param onError is told of the first view that throws, or is none; the others are like it */
  constructor(
    hooks: Pick<AnyHooks, "view">,
    state: Tables,
    onError: (error: unknown) => void,
    watch?: ViewMarks,
  ) {
    this.#hooks = hooks;
    this.#watch = watch;
    this.#names = Object.keys(state);
    this.#onError = onError;
  }

  /** What a player sees in the newest tick; undefined where its code fails: nothing new then. Hot: once a player and tick. */
  of(seat: ShownSeat, stores: Stores): View | undefined {
    if (this.#hooks.view === undefined) return "all";
    try {
      const state = this.#stateOf(stores);
      const watched = this.#watch?.of();
      if (watched !== undefined) this.#watch?.marks.begin(watched, this.#tick, "view");
      const view: unknown = this.#hooks.view(state, seat);
      if (isView(view)) return view;
      throw new TypeError(`view returned ${JSON.stringify(view)}, and not "all" or { x, y, rx, ry }`);
    } catch (error) {
      if (!this.#hasFailed) this.#onError(error);
      this.#hasFailed = true;
      return undefined;
    } finally {
      this.#watch?.marks.end();
    }
  }

  #stateOf(stores: Stores): SeenOf<Tables> {
    const { newest = -1, life = -1 } = stores[0]?.history ?? {};
    if (this.#state !== undefined && stores === this.#stores && newest === this.#tick && life === this.#life)
      return this.#state;
    this.#stores = stores;
    this.#tick = newest;
    this.#life = life;
    const tables = this.#names.map((name, table) => [name, stores[table]?.at(newest) ?? NO_ROWS] as const);
    return (this.#state = Object.freeze(Object.fromEntries(tables)));
  }
}

function isView(view: unknown): view is View {
  if (view === "all") return true;
  if (typeof view !== "object" || view === null) return false;
  const { x, y, rx, ry }: { x?: unknown; y?: unknown; rx?: unknown; ry?: unknown } = view;
  return isNumber(x) && isNumber(y) && isNumber(rx) && isNumber(ry) && rx >= 0 && ry >= 0;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
