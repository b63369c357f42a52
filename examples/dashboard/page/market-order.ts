/** In which order the symbols stand. */
import type { Quote } from "../market.js";

export type Column = "symbol" | "price" | "change" | "trades";

export interface Order {
  readonly by: Column;
  readonly descending: boolean;
}

/** The symbols in that order; where two are alike, by the alphabet. */
export function inOrder(quotes: ReadonlyMap<string, Quote>, { by, descending }: Order): string[] {
  const symbols = [...quotes.keys()].sort();
  const sign = descending ? -1 : 1;
  if (by === "symbol") return descending ? symbols.reverse() : symbols;
  const rank = new Map([...quotes].map(([symbol, quote]) => [symbol, rankOf(quote, by)]));
  return symbols.sort((a, b) => sign * ((rank.get(a) ?? 0) - (rank.get(b) ?? 0)));
}

/** The next order when a column's head is clicked: numbers begin with the largest. */
export function nextOrder(order: Order, by: Column): Order {
  return order.by === by ? { by, descending: !order.descending } : { by, descending: by !== "symbol" };
}

function rankOf(quote: Quote, by: Exclude<Column, "symbol">): number {
  return by === "change" ? changeOf(quote) : quote[by];
}

/** Since the market opened, in per cent. */
export function changeOf({ price, open }: Quote): number {
  return Math.round((price / open - 1) * 10_000) / 100;
}
