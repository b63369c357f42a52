/** What the dashboard's page works out by itself. */
import { describe, expect, test } from "vitest";
import type { TransportEvents } from "tidemark/client";
import { showAge, showBytes, showPercent, showRate } from "../../examples/dashboard/page/format.js";
import { changeOf, inOrder, nextOrder } from "../../examples/dashboard/page/market-order.js";
import { Meter } from "../../examples/dashboard/page/meter.js";
import { Tap, type WireMessage } from "../../examples/dashboard/page/tap.js";

const quote = (price: number, open: number, trades: number) => ({ price, open, trades });
const quotes = new Map([
  ["CC", quote(10, 10, 3)],
  ["AA", quote(30, 20, 1)],
  ["BB", quote(5, 10, 3)],
]);

test.each([
  ["symbol", false, ["AA", "BB", "CC"]],
  ["symbol", true, ["CC", "BB", "AA"]],
  ["price", true, ["AA", "CC", "BB"]],
  ["change", false, ["BB", "CC", "AA"]],
  ["trades", true, ["BB", "CC", "AA"]],
] as const)("in order of %s, descending %s", (by, descending, expected) => {
  expect(inOrder(quotes, { by, descending })).toEqual(expected);
});

test("a column begins with the largest number, the alphabet at its beginning; again is the other way round", () => {
  const first = nextOrder({ by: "symbol", descending: false }, "price");
  expect(first).toEqual({ by: "price", descending: true });
  expect(nextOrder(first, "price")).toEqual({ by: "price", descending: false });
  expect(nextOrder(first, "symbol")).toEqual({ by: "symbol", descending: false });
  expect(changeOf(quote(30, 20, 1))).toBe(50);
});

test("a meter counts what there was in the last second", () => {
  const meter = new Meter();
  meter.add(1, 0);
  meter.add(2, 500);
  expect(meter.perSecond(900)).toBe(3);
  expect(meter.perSecond(1200)).toBe(2);
  expect(meter.perSecond(5000)).toBe(0);
});

test("a meter that nobody reads does not fill up", () => {
  const meter = new Meter();
  for (let at = 0; at < 100_000; at++) meter.add(1, at);
  expect(meter.perSecond(100_000)).toBe(999);
});

test("numbers as people read them", () => {
  expect([showAge(15.4), showAge(3210)]).toEqual(["15 ms", "3.2 s"]);
  expect([showBytes(12), showBytes(12_345), showBytes(12_345_678)]).toEqual(["12 B", "12.3 KB", "12.3 MB"]);
  expect([showPercent(1.5), showPercent(-1.5), showPercent(-0)]).toEqual(["+1.50 %", "-1.50 %", "0.00 %"]);
  expect([showRate(20), showRate(1), showRate(0.5)]).toEqual(["20 a second", "one a second", "one in 2 s"]);
});

describe("a tap", () => {
  test("lets nothing through while it is cut, and says so to the client", async () => {
    const messages: WireMessage[] = [];
    const tap = new Tap((message) => messages.push(message));
    tap.cut();
    const closed = new Promise((resolve) => {
      const events: TransportEvents = {
        open: () => {},
        frame: () => {},
        over: () => {},
        idle: () => {},
        better: () => {},
        close: (code) => resolve(code),
      };
      tap.transport("ws://127.0.0.1:1/", events, "websocket");
    });
    expect(await closed).toBe(1006);
    expect(messages).toEqual([]);
  });
});
