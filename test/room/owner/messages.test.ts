/** What owners and nodes tell each other: it comes out as it went in, and nothing else does. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameError } from "../../../src/protocol/index.js";
import { decodeLetter, encodeLetter, type LetterItem } from "../../../src/server/kinds/room/messages.js";
import {
  decodeSignal,
  encodeSignal,
  reignOf,
  type RoomSignal,
  type TickMessage,
} from "../../../src/server/kinds/room/tick-message.js";

const REIGN = "aB3_-xYz";

const tick: TickMessage = {
  is: "tick",
  reign: REIGN,
  prev: 41,
  tick: 43,
  acks: [
    { seat: "ann", last: 300, depth: 2 },
    { seat: "ben £", last: 0, depth: 0 },
  ],
  came: [{ id: "cid", user: { id: "cid", vip: true }, join: null, here: true }],
  went: [
    { seat: "dan", why: "away" },
    { seat: "eva", why: "kicked", reason: "be nice" },
  ],
  here: [["ann", false]],
  sends: [
    { event: "kill", json: '{"by":"ann"}', to: undefined },
    { event: "won", json: "1", to: "ann" },
  ],
  skipped: 3,
  closed: "over",
  change: Uint8Array.of(2, 41, 43),
};

const quiet: TickMessage = {
  ...tick,
  acks: [],
  came: [],
  went: [],
  here: [],
  sends: [],
  skipped: 0,
  closed: undefined,
};

const items: readonly LetterItem[] = [
  {
    is: "batch",
    channel: "arena/1",
    reign: REIGN,
    inputs: [
      ["ann", 7, { dx: 1 }, 40],
      ["ben", 1, null, undefined],
    ],
    seen: [["cid", 12]],
    requests: [
      {
        id: "1",
        ask: {
          is: "join",
          seat: "ann",
          client: "c1",
          user: { id: "ann" },
          join: null,
          had: true,
          from: undefined,
        },
      },
      { id: "2", ask: { is: "here", seat: "ann", client: "c1", from: 8 } },
      { id: "3", ask: { is: "away", seat: "ann", client: "c1" } },
      { id: "4", ask: { is: "leave", seat: "ann", why: "kicked", client: undefined } },
      { id: "5", ask: { is: "reserve", seat: "dan", ms: 1000 } },
      { id: "6", ask: { is: "keyframe" } },
      { id: "7", ask: { is: "send", event: "won", json: "1", to: undefined, under: REIGN } },
      { id: "8", ask: { is: "close", reason: "enough" } },
      { id: "9", ask: { is: "kick", seat: "ann", reason: "be nice" } },
      { id: "10", ask: { is: "kick", seat: "ann", reason: undefined } },
      { id: "11", ask: { is: "checkpoint" } },
      { id: "12", ask: { is: "info" } },
      { id: "14", ask: { is: "vouch" } },
      { id: "13", ask: { is: "stuck", why: "a node stood still in its view" } },
    ],
  },
  { is: "answer", channel: "arena/1", id: "1", code: "ok", last: 6, reason: undefined },
  {
    is: "answer",
    channel: "arena/1",
    id: "12",
    code: "ok",
    last: undefined,
    reason: undefined,
    info: {
      node: "a",
      reign: REIGN,
      n: 3,
      tick: 43,
      seats: [
        { id: "ann", user: { id: "ann" }, here: true },
        { id: "ben £", user: null, here: false },
      ],
      reserved: 2,
      short: 1,
      tickTime: 0.75,
      ticksLate: 9,
    },
  },
  {
    is: "keyframe",
    channel: "arena/1",
    id: "6",
    reign: REIGN,
    tick: 43,
    seats: tick.came,
    acks: tick.acks,
    bytes: Uint8Array.of(1, 43, 0, 255),
  },
  { is: "taken", channel: "arena/1", seat: "ann", client: "c0" },
  { is: "moved", channel: "arena/1", reign: undefined },
  { is: "place", id: "9", channel: "arena/2", match: new Map([["mode", "ffa"]]), was: REIGN },
  {
    is: "placed",
    id: "9",
    channel: "arena/2",
    owner: undefined,
    reign: undefined,
    refused: "room_full",
    after: 1000,
    reason: undefined,
  },
  { is: "handover", channel: "arena/2", reign: REIGN },
  { is: "survived", channel: "arena/2", reign: REIGN },
];

describe("signals", () => {
  const signals: readonly RoomSignal[] = [tick, quiet, { is: "alive", reign: REIGN, tick: 9 }];

  test.each(signals)("come out as they went in", (signal) => {
    const bytes = encodeSignal(signal);
    expect(decodeSignal(bytes)).toEqual(signal);
    expect(reignOf(bytes)).toBe(REIGN);
  });

  test("of a tick in which nothing happened are a few bytes", () => {
    expect(encodeSignal(quiet).length).toBe(1 + 8 + 1 + 1 + 1 + 1 + quiet.change.length);
  });

  test("that are cut, or of another making, are refused by a FrameError", () => {
    const whole = encodeSignal(tick);
    for (let end = 0; end < whole.length - tick.change.length; end++)
      expect(() => decodeSignal(whole.subarray(0, end))).toThrow(FrameError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(whole.length - 1), (noise, at) => {
        const bytes = Uint8Array.from([...whole.subarray(0, at), ...noise]);
        try {
          decodeSignal(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
        reignOf(bytes);
      }),
    );
  });
});

describe("letters", () => {
  test("come out as they went in", () => {
    expect(decodeLetter(encodeLetter({ from: "b", items }))).toEqual({ from: "b", items, unknown: 0 });
  });

  test("that are none are left to others", () => {
    expect(decodeLetter('count? {"id":"1"}')).toBeUndefined();
  });

  test("of a later version are read but for what is new in them, and that is counted", () => {
    const later = 'rooms ["b",{"is":"gift"},{"is":"taken","channel":"c","seat":"s","client":"x"}]';
    expect(decodeLetter(later)).toEqual({
      from: "b",
      items: [{ is: "taken", channel: "c", seat: "s", client: "x" }],
      unknown: 1,
    });
    const batch = `rooms ["b",{"is":"batch","channel":"c","reign":"${REIGN}","inputs":[],"seen":[],"requests":[{"id":"1","ask":{"is":"dance","how":"well"}}]}]`;
    expect(decodeLetter(batch)?.items).toMatchObject([{ requests: [{ id: "1", ask: { is: "unknown" } }] }]);
  });

  test.each([
    'rooms {"is":"taken"}',
    "rooms [",
    'rooms [7,{"is":"taken","channel":"c","seat":"s","client":"x"}]',
    'rooms ["b",{"is":"taken","channel":"c","seat":"s"}]',
    'rooms ["b",{"is":"taken","channel":"c","seat":"s","client":"x","more":1}]',
    'rooms ["b",{"is":"moved","channel":"c","reign":"short"}]',
    `rooms ["b",{"is":"batch","channel":"c","reign":"${REIGN}","inputs":[["s",0,1,null]],"seen":[],"requests":[]}]`,
    `rooms ["b",{"is":"batch","channel":"c","reign":"${REIGN}","inputs":[["s",1.5,1,null]],"seen":[],"requests":[]}]`,
    `rooms ["b",{"is":"keyframe","channel":"c","id":"1","reign":"${REIGN}","tick":1,"seats":[],"acks":[],"bytes":"%"}]`,
  ])("that are broken are refused by a FrameError: %s", (text) => {
    expect(() => decodeLetter(text)).toThrow(FrameError);
  });
});
