/** The viewers of the benchmarks of `state`: what they say of a server must be what there is, or all figures are wrong. */
import { constants, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { Frame, Frames } from "../../bench/generator/viewers/frame.js";
import { mapOf, PROTOCOLS } from "../../bench/generator/viewers/protocols.js";
import { Seen } from "../../bench/generator/viewers/seen.js";
import { slope } from "../../bench/lib/statistics.js";
import { settingBy } from "../../bench/servers/state/batch.js";
import { BEACON, keyAt, Source } from "../../bench/servers/state/source.js";
import { queuedIn } from "../../bench/soak/links/queues.js";

const frameOf = (text: string): Frame => new Frame(Buffer.from(text), false);

test("the same payload is one object, whoever got it, and another one is not", () => {
  const frames = new Frames();
  const bytes = Buffer.from('xx[7,1,["a",1]]yy[7,2,["a",2]]');
  const first = frames.of(bytes, 2, 15, false);
  expect(first.text).toBe('[7,1,["a",1]]');
  expect(frames.of(bytes, 17, 30, false)).not.toBe(first);
  expect(frames.of(Buffer.from('[7,1,["a",1]]'), 0, 13, false)).toBe(first);
  expect(frames.of(Buffer.from('[7,1,["a",1]]'), 0, 13, true)).not.toBe(first);
});

test("those who were sent the same have one history; it has all in order", () => {
  const nothing = new Seen();
  const [a, b] = [frameOf("a"), frameOf("b")];
  expect(nothing.and(a).and(b)).toBe(nothing.and(a).and(b));
  expect(nothing.and(b).and(a)).not.toBe(nothing.and(a).and(b));
  expect(nothing.and(a).and(b).and(a).frames).toEqual([a, b, a]);
});

test("a frame says how old its newest change is, compressed or not", () => {
  const text = `[7,1,["${BEACON}",1234567,"a",1]]\n[7,2,["${BEACON}",1234599]]`;
  expect(frameOf(text).beacon).toBe(1_234_599);
  expect(frameOf('[7,1,["a",1]]').beacon).toBeUndefined();
  const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  expect(new Frame(deflated, true).beacon).toBe(1_234_599);
});

test("parts are shown with the last one, what is told anew replaces all, and deleted keys are gone", () => {
  const parts = ['[7,5,["a",1],{"part":0,"more":true}]', '[7,5,["b",{"x":2}],{"part":1}]'] as const;
  const lines = [...parts, '[7,6,[],{"del":["a"]}]', "[7,7]"];
  const show = (...texts: string[]) => [
    ...mapOf(PROTOCOLS.tidemark.messages(texts.map((text) => frameOf(text)))),
  ];
  expect(show(parts[0])).toEqual([]);
  expect(show(...parts)).toEqual([
    ["a", "1"],
    ["b", '{"x":2}'],
  ]);
  expect(show(lines.join("\n"))).toEqual([["b", '{"x":2}']]);
  const gap = '{"event":"gap","ch":7,"after":7,"until":0,"reason":"trimmed"}';
  expect(show(...lines, gap, '[7,9,["c",3]]')).toEqual([["c", "3"]]);
  expect(frameOf(parts[0]).isWhole).toBe(false);
  expect(frameOf(parts[1]).isWhole).toBe(true);
});

test("what peers send is read as they send it", () => {
  expect([...mapOf(PROTOCOLS.plain.messages([frameOf('["a",1,"b",2]')]))]).toEqual([
    ["a", "1"],
    ["b", "2"],
  ]);
  expect([...mapOf(PROTOCOLS["socket.io"].messages([frameOf('42["m",["a",{"cpu":0.5}]]')]))]).toEqual([
    ["a", '{"cpu":0.5}'],
  ]);
});

test("changes are made at their rate, the first keys of Zipf's law most often", async () => {
  const counts = new Map<string, number>();
  const source = new Source((key) => void counts.set(key, (counts.get(key) ?? 0) + 1));
  await source.fill(100);
  counts.clear();
  const before = source.made;
  source.begin({ keys: 100, perSecond: 20_000, spread: "zipf" });
  while (source.made - before < 4000) await new Promise((resolve) => setImmediate(resolve));
  await source.end();
  const made = [...counts.values()].reduce((sum, count) => sum + count, 0);
  expect(made).toBe(source.made - before);
  const of = (index: number): number => counts.get(keyAt(index)) ?? 0;
  expect(of(0)).toBeGreaterThan(3 * of(9));
  expect(counts.get(BEACON)).toBeGreaterThanOrEqual(Math.floor(made / 20));
  expect(source.newest.size).toBe(101);
});

test("a peer that sends each change sends each, at once", () => {
  const sent: (readonly unknown[])[] = [];
  const set = settingBy("each", (changes) => void sent.push(changes));
  void set("a", 1);
  void set("a", 2);
  expect(sent).toEqual([
    ["a", 1],
    ["a", 2],
  ]);
});

test("the line that fits best, and what the system holds of a connection", () => {
  expect(
    slope([
      [0, 10],
      [1, 12],
      [2, 14],
    ]),
  ).toBeCloseTo(2);
  expect(slope([[1, 5]])).toBe(0);
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue",
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000007 00:00000000",
    "   1: 0100007F:1F90 0100007F:C350 01 00000010:00000002 01:00000000",
    "   2: 0100007F:C350 0100007F:1F90 01 00000001:00000100 00:00000000",
    "   3: 0100007F:C351 0100007F:1F91 01 00000001:00000100 00:00000000",
  ].join("\n");
  expect(queuedIn(table, 8080)).toBe(0x10 + 2 + 1 + 0x100);
});
