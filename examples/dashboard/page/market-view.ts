/** The market: a thousand symbols of which the page holds those in sight, and of which the server sends those searched for. */
import { state, type StateHandle } from "tidemark/state";
import { button, byId, el } from "../../shared/page/dom.js";
import type { Quote } from "../market.js";
import { showWhole } from "./format.js";
import { inOrder, nextOrder, type Column, type Order } from "./market-order.js";
import { MarketRow, type MarketData } from "./market-row.js";
import { Sparks } from "./sparks.js";
import type { View } from "./tabs.js";
import { TargetDialog } from "./target-dialog.js";
import type { Viewer } from "./viewer.js";
import { rowId, VirtualRows } from "./virtual-rows.js";

const HEADS: readonly (readonly [Column | "spark" | "target", string])[] = [
  ["symbol", "Symbol"],
  ["price", "Price"],
  ["change", "Change"],
  ["trades", "Trades"],
  ["spark", "Minute"],
  ["target", "Target"],
];

/** While prices decide where a row stands, rows do not move more often than this. */
const SORT_MS = 1000;
/** Whoever types on does not ask the server for each letter. */
const TYPING_MS = 150;

export class MarketView implements View, MarketData {
  readonly sparks = new Sparks();
  readonly #viewer: Viewer;
  readonly #grid = byId("grid", HTMLElement);
  readonly #search = byId("search", HTMLInputElement);
  readonly #rows: VirtualRows<MarketRow>;
  readonly #dialog = new TargetDialog(() => this.#targets);
  #market: StateHandle<Quote, Quote> | undefined;
  #targets: StateHandle<number, number> | undefined;
  /** What is shown: of the handle before, until the one for another prefix has something. */
  #quotes: ReadonlyMap<string, Quote> = new Map();
  #symbols: readonly string[] = [];
  #order: Order = { by: "symbol", descending: false };
  #active = 0;
  #everySecond: ReturnType<typeof setInterval> | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #opening: ReturnType<typeof setTimeout> | undefined;

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    const actions = {
      choose: (nth: number) => this.#choose(nth),
      editTarget: (nth: number) => this.#edit(nth),
    };
    const head = byId("grid-head", HTMLElement);
    const body = byId("grid-rows", HTMLElement);
    this.#rows = new VirtualRows(this.#grid, head, body, () => new MarketRow(this, actions));
    head.append(...HEADS.map(([name, label]) => this.#head(name, label)));
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event));
    this.#search.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#look(), TYPING_MS);
    });
    this.#sort(this.#order);
  }

  /** The map that is shown; none while this is not. */
  get handle(): StateHandle<Quote, Quote> | undefined {
    return this.#market;
  }

  show(): void {
    const { rt, rate } = this.#viewer;
    this.#targets = this.#viewer.take(state(rt, "targets", { rate }));
    this.#targets.on("changes", () => this.#rows.render());
    this.#look();
    this.#everySecond = setInterval(() => {
      this.sparks.sample(this.#quotes);
      if (this.#order.by !== "symbol") this.#arrange();
      this.#rows.render();
    }, SORT_MS);
  }

  hide(): void {
    clearInterval(this.#everySecond);
    clearTimeout(this.#typing);
    clearTimeout(this.#opening);
    for (const each of [this.#market, this.#targets]) if (each !== undefined) this.#viewer.drop(each);
    this.#market = this.#targets = undefined;
  }

  symbolAt(nth: number): string {
    return this.#symbols[nth] ?? "";
  }

  quote(symbol: string): Quote | undefined {
    return this.#quotes.get(symbol);
  }

  target(symbol: string): number | undefined {
    return this.#targets?.map.get(symbol);
  }

  isActive(nth: number): boolean {
    return nth === this.#active;
  }

  /** Has the server send what begins with the letters that are searched for, and nothing else. */
  #look(): void {
    if (this.#market !== undefined) this.#viewer.drop(this.#market);
    this.#market = undefined;
    clearTimeout(this.#opening);
    // In a turn of its own: in the same one the subscription would go on, and everything come as before.
    this.#opening = setTimeout(() => this.#open(this.#prefix), 0);
  }

  #open(prefix: string): void {
    const { rt, rate } = this.#viewer;
    const market = state(rt, "market", { rate, ...(prefix !== "" && { prefix }) });
    this.#market = this.#viewer.take(market, true);
    const shown = (): void => {
      if (market !== this.#market) return;
      const isOther = market.map !== this.#quotes || market.map.size !== this.#symbols.length;
      this.#quotes = market.map;
      if (isOther) this.#arrange();
      this.#rows.render();
    };
    // What was shown before stays until all of this is there; it may be that no symbol begins so, and nothing changes.
    market.ready.then(
      () => {
        shown();
        market.on("changes", shown);
      },
      () => {},
    );
  }

  get #prefix(): string {
    return this.#search.value.trim().toUpperCase();
  }

  #arrange(): void {
    this.#symbols = inOrder(this.#quotes, this.#order);
    this.#rows.count = this.#symbols.length;
    this.#active = Math.min(this.#active, Math.max(0, this.#symbols.length - 1));
    const prefix = this.#prefix;
    const text = `${showWhole(this.#symbols.length)} symbols${prefix === "" ? "" : ` begin with ${prefix}`}`;
    const place = byId("market-count", HTMLElement);
    if (place.textContent !== text) place.textContent = text;
  }

  #head(name: Column | "spark" | "target", label: string): HTMLElement {
    const cell = el("span", { role: "columnheader", class: name, "data-column": name });
    if (name === "spark" || name === "target") cell.append(label);
    else {
      const sort = (): void => this.#sort(nextOrder(this.#order, name));
      cell.append(button({ class: "sort", "data-testid": `sort-${name}` }, label, sort));
    }
    return cell;
  }

  #sort(order: Order): void {
    this.#order = order;
    for (const head of this.#grid.querySelectorAll<HTMLElement>('[role="columnheader"]')) {
      const { column } = head.dataset;
      if (column === order.by) head.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    this.#arrange();
    this.#rows.render();
  }

  #choose(nth: number): void {
    this.#active = nth;
    this.#rows.reveal(nth);
    this.#grid.setAttribute("aria-activedescendant", rowId(nth));
  }

  #edit(nth: number): void {
    const symbol = this.symbolAt(nth);
    if (symbol !== "") this.#dialog.open(symbol, this.quote(symbol)?.price ?? 1);
  }

  #onKey(event: KeyboardEvent): void {
    // The heads have keys of their own.
    if (event.target !== this.#grid) return;
    const last = this.#symbols.length - 1;
    const to = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + this.#rows.page,
      PageUp: this.#active - this.#rows.page,
      Home: 0,
      End: last,
    }[event.key];
    if (to !== undefined) this.#choose(Math.min(last, Math.max(0, to)));
    else if (event.key === "Enter") this.#edit(this.#active);
    else return;
    event.preventDefault();
  }
}
