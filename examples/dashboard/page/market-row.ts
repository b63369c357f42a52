/** One row of the market: its price is coloured for a moment when it moves. */
import { button, el } from "../../shared/page/dom.js";
import type { Quote } from "../market.js";
import { showPercent, showPrice, showWhole } from "./format.js";
import { changeOf } from "./market-order.js";
import { drawSpark, type Sparks } from "./sparks.js";
import { keepsStill } from "./theme.js";
import type { ReusableRow } from "./virtual-rows.js";

export interface MarketData {
  symbolAt(nth: number): string;
  quote(symbol: string): Quote | undefined;
  target(symbol: string): number | undefined;
  isActive(nth: number): boolean;
  readonly sparks: Sparks;
}

export interface MarketRowActions {
  readonly choose: (nth: number) => void;
  readonly editTarget: (nth: number) => void;
}

const FADE_MS = 700;

export class MarketRow implements ReusableRow {
  readonly element: HTMLElement;
  readonly #data: MarketData;
  readonly #cells: Readonly<Record<"symbol" | "price" | "change" | "trades", HTMLElement>>;
  readonly #target: HTMLButtonElement;
  readonly #spark = el("canvas", { "aria-hidden": "true" });
  /** One animation for each direction, begun again with each move: a new one for each would be 20 a second and row. */
  readonly #fades: Readonly<Record<"up" | "down", Animation>>;
  #nth = -1;
  #symbol = "";
  #shown: Quote | undefined;
  #sparkVersion = -1;

  constructor(data: MarketData, { choose, editTarget }: MarketRowActions) {
    this.#data = data;
    const cell = (name: string): HTMLElement => el("span", { role: "gridcell", class: name });
    this.#cells = {
      symbol: cell("symbol"),
      price: cell("price"),
      change: cell("change"),
      trades: cell("trades"),
    };
    this.#target = button({ class: "target", tabindex: "-1" }, "", () => editTarget(this.#nth));
    const { symbol, price, change, trades } = this.#cells;
    this.element = el(
      "div",
      { role: "row", class: "row", "data-testid": "row" },
      symbol,
      price,
      change,
      trades,
      el("span", { role: "gridcell", class: "spark" }, this.#spark),
      el("span", { role: "gridcell", class: "target-cell" }, this.#target),
    );
    this.element.addEventListener("click", () => choose(this.#nth));
    this.#fades = { up: fadeOf(price, "--up-soft"), down: fadeOf(price, "--down-soft") };
  }

  show(nth: number): void {
    const symbol = this.#data.symbolAt(nth);
    const isOther = symbol !== this.#symbol;
    this.#nth = nth;
    this.#symbol = symbol;
    this.element.classList.toggle("active", this.#data.isActive(nth));
    this.element.setAttribute("aria-selected", String(this.#data.isActive(nth)));
    if (isOther) {
      this.#cells.symbol.textContent = symbol;
      this.element.dataset["symbol"] = symbol;
      for (const fade of Object.values(this.#fades)) fade.cancel();
    }
    this.#showQuote(isOther);
    this.#showTarget();
    const { sparks } = this.#data;
    if (!isOther && this.#sparkVersion === sparks.version) return;
    this.#sparkVersion = sparks.version;
    drawSpark(this.#spark, sparks.of(symbol));
  }

  #showQuote(isOther: boolean): void {
    const quote = this.#data.quote(this.#symbol);
    const before = this.#shown;
    if (quote === undefined || (quote === before && !isOther)) return;
    this.#shown = quote;
    const change = changeOf(quote);
    const { price, change: percent, trades } = this.#cells;
    price.textContent = showPrice(quote.price);
    percent.textContent = showPercent(change);
    percent.dataset["direction"] = change > 0 ? "up" : change < 0 ? "down" : "";
    trades.textContent = showWhole(quote.trades);
    if (isOther || before === undefined || before.price === quote.price || keepsStill()) return;
    const [now, other] = quote.price > before.price ? (["up", "down"] as const) : (["down", "up"] as const);
    this.#fades[other].cancel();
    this.#fades[now].currentTime = 0;
    this.#fades[now].play();
  }

  #showTarget(): void {
    const target = this.#data.target(this.#symbol);
    const text = target === undefined ? "Set" : showPrice(target);
    const reached = target !== undefined && (this.#shown?.price ?? 0) >= target;
    if (this.#target.textContent !== text) this.#target.textContent = text;
    this.#target.classList.toggle("is-set", target !== undefined);
    this.#target.classList.toggle("reached", reached);
    const set = `${text} is the target of ${this.#symbol}${reached ? ", reached" : ""}`;
    const label = target === undefined ? `Set a target for ${this.#symbol}` : set;
    if (this.#target.ariaLabel !== label) this.#target.ariaLabel = label;
  }
}

function fadeOf(cell: HTMLElement, colour: string): Animation {
  const fade = cell.animate(
    [{ backgroundColor: `var(${colour})` }, { backgroundColor: "transparent" }],
    FADE_MS,
  );
  fade.cancel();
  return fade;
}
