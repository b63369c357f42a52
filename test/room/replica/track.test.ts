import { describe, expect, test } from "vitest";
import { encodeKeyframe } from "../../../src/room/ticks.js";
import { Teller } from "../../../src/server/kinds/room/owner/teller.js";
import type { Keyframe } from "../../../src/server/kinds/room/messages.js";
import { Track } from "../../../src/server/kinds/room/replica/track.js";
import type { TickMessage } from "../../../src/server/kinds/room/tick-message.js";
import { randomOf, seeds } from "../encoding/support/random.js";
import { joins, runOf } from "../run/support.js";
import { Game, shape } from "./support/game.js";

const REIGN = "aaaaaaaa";

/** An owner without a node, whose ticks are at hand. */
class Owner {
  readonly run = runOf(Game);
  readonly teller = new Teller(this.run, REIGN);

  tick(...entering: Parameters<typeof this.run.step>[0] & object): TickMessage {
    const { sends, left } = this.run.step(entering);
    this.teller.add({ sends, left, skipped: 0 });
    return this.teller.next();
  }

  keyframe(): Keyframe {
    const keyframe = this.teller.keyframe("room", "id");
    if (keyframe === undefined) throw new Error("the newest tick is held");
    return keyframe;
  }

  /** The room as bytes. */
  get bytes(): Uint8Array {
    return encodeKeyframe(this.run.stores, this.run.tick);
  }
}

function bytesOf(track: Track): Uint8Array {
  return encodeKeyframe(track.stores, track.tick);
}

function trackOf(owner: Owner): Track {
  const track = new Track(REIGN, shape.state);
  track.takeKeyframe(owner.keyframe());
  return track;
}

describe("what a node holds of a room", () => {
  test("R23: it takes ticks that follow, one by one, and those that it has had are none", () => {
    const owner = new Owner();
    const track = trackOf(owner);
    const first = owner.tick(joins("a", { name: "ann" }));
    expect(track.take(first)).toEqual([first]);
    expect(track.take(first)).toEqual([]);
    expect(track.take(owner.tick())).toHaveLength(1);
    expect(bytesOf(track)).toEqual(owner.bytes);
    expect(track.hasHole).toBe(false);
    expect([...track.seats.values()]).toEqual([
      { id: "a", user: { id: "a" }, join: { name: "ann" }, here: true },
    ]);
  });

  test("R23: before a hole it stays where it is; ticks are kept, and follow on the keyframe or are in it", () => {
    const owner = new Owner();
    const track = trackOf(owner);
    const ticks = Array.from({ length: 6 }, () => owner.tick());
    const [first, lost, third, fourth] = ticks as [TickMessage, TickMessage, TickMessage, TickMessage];
    track.take(first);
    expect(track.take(third)).toEqual([]);
    expect(track.take(fourth)).toEqual([]);
    expect([track.tick, track.hasHole]).toEqual([1, true]);
    // The one that was thought lost came late.
    expect(track.take(lost)).toEqual([lost, third, fourth]);
    expect([track.tick, track.hasHole]).toEqual([4, false]);

    const keyframe = owner.keyframe();
    const later = [owner.tick(), owner.tick()];
    for (const message of [...ticks, ...later].toReversed()) if (message.tick !== 5) track.take(message);
    expect([track.tick, track.hasHole]).toEqual([4, true]);
    const reached = track.takeKeyframe(keyframe);
    expect(reached?.map(({ tick }) => tick)).toEqual([6, 7, 8]);
    expect(bytesOf(track)).toEqual(owner.bytes);
  });

  test("R23: at most 32 ticks are kept, and they are the newest", () => {
    const owner = new Owner();
    const track = trackOf(owner);
    const lost = owner.tick();
    const ticks = Array.from({ length: 40 }, () => owner.tick());
    for (const message of ticks) track.take(message);
    // Those behind it that are kept are not the next ones any more.
    expect(track.take(lost)).toEqual([]);
    expect(track.hasHole).toBe(true);
    track.takeKeyframe(owner.keyframe());
    expect(bytesOf(track)).toEqual(owner.bytes);
  });

  test("R23: keyframes of ticks that it is beyond are none", () => {
    const owner = new Owner();
    const track = trackOf(owner);
    const old = owner.keyframe();
    track.take(owner.tick());
    expect(track.takeKeyframe(old)).toBeUndefined();
    expect(track.takeKeyframe(owner.keyframe())).toBeUndefined();
    expect(track.tick).toBe(1);
  });

  test("R23: an owner's sign of life says that something is missing", () => {
    const owner = new Owner();
    const track = trackOf(owner);
    track.alive(0);
    expect(track.hasHole).toBe(false);
    track.alive(3);
    expect(track.hasHole).toBe(true);
  });

  test("a tick that cannot be read leaves nothing that could be shown", () => {
    const owner = new Owner();
    const track = trackOf(owner);
    const message = owner.tick();
    expect(() => track.take({ ...message, change: message.change.subarray(0, -1) })).toThrow();
    expect([track.tick, track.hasHole]).toEqual([-1, true]);
    track.takeKeyframe(owner.keyframe());
    expect(bytesOf(track)).toEqual(owner.bytes);
  });

  test("seats come, are away and go", () => {
    const owner = new Owner();
    const track = trackOf(owner);
    track.take(owner.tick(joins("a", { name: "ann" }), joins("b", { name: "bob" })));
    track.take(owner.tick({ is: "away", seat: "a" }));
    expect([...track.seats.values()].map(({ id, here }) => [id, here])).toEqual([
      ["a", false],
      ["b", true],
    ]);
    track.take(owner.tick({ is: "leave", seat: "a", why: "left" }));
    expect([...track.seats.keys()]).toEqual(["b"]);
  });

  test.each(seeds(3))(
    "R23: whatever is lost, late or comes twice, it ends where the owner is (seed %d)",
    (seed) => {
      const random = randomOf(seed);
      const owner = new Owner();
      const track = new Track(REIGN, shape.state);
      let late: TickMessage[] = [];
      let reached = -1;
      for (let i = 0; i < 200; i++) {
        late.push(owner.tick());
        late = late.filter((message) => {
          if (random.chance(0.1)) return false;
          if (random.chance(0.4)) return true;
          for (const { tick } of track.take(message)) {
            expect(tick).toBeGreaterThan(reached);
            reached = tick;
          }
          return random.chance(0.1);
        });
        if (random.chance(0.5)) late.reverse();
        if (track.hasHole && random.chance(0.2)) {
          const got = track.takeKeyframe(owner.keyframe()) ?? [];
          reached = Math.max(reached, track.tick, ...got.map(({ tick }) => tick));
        }
        if (track.tick === owner.run.tick) expect(bytesOf(track)).toEqual(owner.bytes);
      }
      track.takeKeyframe(owner.keyframe());
      expect(bytesOf(track)).toEqual(owner.bytes);
    },
  );
});
