/** A thousand made-up prices and 20,000 changes a second: as on real markets, few move all the time and most hardly ever. */

export interface Quote {
  readonly price: number;
  /** The price at which the market opened. */
  readonly open: number;
  readonly trades: number;
}

const TIERS = [
  { from: 0, to: 60, perSecond: 100 },
  { from: 60, to: 400, perSecond: 41.1 },
  { from: 400, to: 1000, perSecond: 0.1 },
];

export const quotes = new Map<string, Quote>();
for (const a of "ABCDEFGHIJKLMNOPQRST")
  for (const b of "AEIOU")
    for (const c of "BDLMNRSTXZ") {
      const open = Math.round(1000 + Math.random() ** 3 * 90_000) / 100;
      quotes.set(a + b + c, { price: open, open, trades: 0 });
    }

// Those that move are spread over the alphabet: 389 and 1,000 have no divisor in common.
const symbols = [...quotes.keys()].map((_, nth, all) => all[(nth * 389) % all.length] ?? "");
const tiers = TIERS.map(({ from, to, perSecond }) => ({
  own: symbols.slice(from, to),
  perSecond,
  due: 0,
  next: 0,
}));

/** What changes in so many seconds, of each symbol one quote; what a process missed that stood still does not come after. */
export function trade(seconds: number): ReadonlyMap<string, Quote> {
  const changed = new Map<string, Quote>();
  for (const tier of tiers) {
    tier.due += tier.own.length * tier.perSecond * Math.min(seconds, 0.1);
    for (; tier.due >= 1; tier.due--) changed.set(...move(tier.own[tier.next++ % tier.own.length] ?? ""));
  }
  return changed;
}

function move(symbol: string): [string, Quote] {
  const { price: old, open, trades } = quotes.get(symbol) ?? { price: 1, open: 1, trades: 0 };
  // Pulled back a little, so that prices stay within sight of where they began.
  const factor = 1 + (open / old - 1) * 0.0005 + (Math.random() - 0.5) * 0.004;
  const quote = { price: Math.max(0.01, Math.round(old * factor * 100) / 100), open, trades: trades + 1 };
  quotes.set(symbol, quote);
  return [symbol, quote];
}
