/** What the dashboard shows is made up; it is made up right, and only while somebody looks. */
import { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { balances, TOTAL, transfer } from "../../examples/dashboard/accounts.js";
import { feed } from "../../examples/dashboard/feed.js";
import { report, stop } from "../../examples/dashboard/fleet.js";
import { quotes, trade } from "../../examples/dashboard/market.js";
import { MeasuredSocket } from "../../examples/dashboard/measured-socket.js";

test("the market has a thousand symbols and makes about 20,000 changes a second, each symbol once a time", () => {
  expect(quotes.size).toBe(1000);
  let changes = 0;
  const changed = new Map<string, number>();
  for (let nth = 0; nth < 100; nth++) {
    for (const [symbol, { price }] of trade(0.01)) {
      changes++;
      changed.set(symbol, price);
    }
  }
  for (const [symbol, price] of changed) expect(quotes.get(symbol)?.price).toBe(price);
  expect(Math.min(...changed.values())).toBeGreaterThan(0);
  expect(changes).toBeGreaterThan(19_000);
  expect(changes).toBeLessThan(21_000);
  // In a second the many that seldom move have not all moved.
  expect(changed.size).toBeLessThan(600);
});

test("money only changes hands", () => {
  const sizes = new Set<number>();
  for (let nth = 0; nth < 10_000; nth++) sizes.add(transfer().size);
  expect([...sizes]).toEqual([2]);
  expect(Math.min(...balances.values())).toBeGreaterThanOrEqual(0);
  expect([...balances.values()].reduce((sum, balance) => sum + balance, 0)).toBe(TOTAL);
});

test("vans drive on the streets of the map; one that is stopped says nothing for 25 seconds", () => {
  const now = Date.now();
  expect(report(now).size).toBe(24);
  const places = Array.from({ length: 300 }, (_, nth) => [...report(now + nth * 1000).values()]).flat();
  const astray = ({ x, y }: { readonly x: number; readonly y: number }): boolean =>
    (x % 100 !== 0 && y % 100 !== 0) || x < 0 || x > 1000 || y < 0 || y > 600;
  expect(places.filter(astray)).toEqual([]);
  stop("van-03");
  stop("no van");
  expect(report(now + 1000).has("van-03")).toBe(false);
  expect(report(Date.now() + 26_000).has("van-03")).toBe(true);
});

describe("in its own time", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("a feed begins with the first who looks, and ends when nobody is there any more", async () => {
    let watched = true;
    const seconds: number[] = [];
    const made = feed(
      100,
      async (each) => void seconds.push(each),
      async () => watched,
    );
    await vi.advanceTimersByTimeAsync(1000);
    expect(seconds).toEqual([]);
    await Promise.all([made.begin(), made.begin()]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(seconds).toHaveLength(11);
    expect(seconds[0]).toBe(0);
    expect(seconds.reduce((sum, each) => sum + each)).toBeCloseTo(1);
    watched = false;
    await vi.advanceTimersByTimeAsync(2000);
    const { length } = seconds;
    await vi.advanceTimersByTimeAsync(5000);
    expect(seconds).toHaveLength(length);
    expect(vi.getTimerCount()).toBe(0);
    await made.begin();
    expect(seconds.at(-1)).toBe(0);
    made.end();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a feed goes on for whoever comes while it asks whether somebody is there", async () => {
    let answer: (watched: boolean) => void = () => {};
    let worked = 0;
    const made = feed(
      100,
      () => worked++,
      () => new Promise((resolve) => (answer = resolve)),
    );
    await made.begin();
    await vi.advanceTimersByTimeAsync(2100);
    await made.begin();
    answer(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(worked).toBeGreaterThan(25);
    made.end();
  });

  test("a slow link lets so many bytes a second through, in their order, and counts them", async () => {
    const got: Buffer[] = [];
    const socket = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        got.push(chunk);
        done();
      },
    });
    const link = new MeasuredSocket(socket);
    link.rate = 10_000;
    const sent = Buffer.from(Array.from({ length: 25_000 }, (_, nth) => nth % 251));
    link.write(sent.subarray(0, 12_345));
    link.write(sent.subarray(12_345));
    await vi.advanceTimersByTimeAsync(1000);
    expect(link.sent).toBeGreaterThan(9000);
    expect(link.sent).toBeLessThan(11_000);
    expect(Buffer.concat(got)).toEqual(sent.subarray(0, link.sent));
    // As fast as it goes from now on.
    link.rate = Infinity;
    await vi.advanceTimersByTimeAsync(100);
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    link.destroy();
    expect(socket.destroyed).toBe(true);
  });
});
