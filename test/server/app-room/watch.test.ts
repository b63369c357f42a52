/** Looking on at a room from inside of the process. */
import { describe, expect, test } from "vitest";
import type { RoomNews } from "../../../src/server/room/room-news.js";
import { RoomWatch } from "../../../src/server/room/room-watch.js";
import { ROOM, operated, type Operated } from "./support.js";

type Rows = Readonly<Record<string, unknown>>;

/** Follows a room; what was told adds up in `rows`. */
function watched({ world }: Operated, take: () => Promise<void> = () => Promise.resolve()) {
  const resolved = world.engine.node.registry.resolve(ROOM);
  if (resolved === undefined) throw new Error("no such channel");
  const told: RoomNews[] = [];
  const rows = new Map<string, Rows>();
  const watch = new RoomWatch({
    node: world.engine.node,
    resolved,
    listener: (news) => {
      told.push(news);
      if (news.full) rows.clear();
      for (const [key, row] of Object.entries(news.rows["players"] ?? {})) {
        if (row === null) rows.delete(key);
        else rows.set(key, row);
      }
      return take();
    },
  });
  return { told, rows, watch };
}

describe("a room that is watched", () => {
  test("A97: tells what is in it, then what changes, and events", async () => {
    const it = operated();
    const ann = await it.play("ann");
    const { told, rows, watch } = watched(it);
    await it.world.clock.advance(300);
    expect(told[0]).toMatchObject({ full: true, rows: { about: { room: { mode: "" } } } });
    expect([...rows.values()]).toMatchObject([{ x: 100, name: "ann" }]);
    const count = told.length;
    // Nothing has changed since, and nothing is told.
    await it.world.clock.advance(1000);
    expect(told.length).toBe(count);
    ann.input(10);
    await it.world.clock.advance(300);
    expect([...rows.values()]).toMatchObject([{ x: 110, moves: 1 }]);
    expect(told.flatMap(({ events }) => events)).toEqual([{ event: "moved", data: { by: "ann" } }]);
    expect(told.slice(1).every(({ full }) => !full)).toBe(true);
    await it.after(it.room().kick(String(ann.ok["seat"])));
    await it.world.clock.advance(300);
    expect(rows.size).toBe(0);
    watch.close();
    expect(await watch.ended).toBeUndefined();
    expect(it.rooms.stats.spectators).toBe(0);
  });

  test("A97: while its listener is busy, changes add up, and nobody waits for it", async () => {
    const it = operated();
    const ann = await it.play("ann");
    let release: () => void = () => {};
    const { told, rows } = watched(it, () => new Promise((resolve) => (release = resolve)));
    await it.world.clock.advance(300);
    expect(told).toHaveLength(1);
    for (let i = 0; i < 20; i++) {
      ann.input(1);
      await it.world.clock.advance(50);
    }
    await it.world.clock.advance(300);
    expect(told).toHaveLength(1);
    await ann.sees({ x: 120 });
    release();
    await it.world.clock.advance(100);
    expect(told).toHaveLength(2);
    expect([...rows.values()]).toMatchObject([{ x: 120, moves: 20 }]);
  });

  test("A97: goes on under another reign, with all that there is", async () => {
    const it = operated();
    await it.play("ann");
    const other = operated(undefined, { beside: it.world });
    const { told, rows } = watched(other);
    await it.world.clock.advance(300);
    expect([...rows.values()]).toMatchObject([{ name: "ann" }]);
    await it.after(it.world.engine.drainRooms());
    // It may have been handed to one who is not there.
    await it.world.clock.advance(8000);
    expect(told.filter(({ full }) => full)).toHaveLength(2);
    expect([...rows.values()]).toMatchObject([{ name: "ann" }]);
  });

  test("A97: ends with the room, and is not begun where that has ended", async () => {
    const it = operated();
    await it.play("ann");
    const { watch } = watched(it);
    await it.after(it.room().close("over"));
    expect(await it.after(watch.ended)).toMatchObject({ code: "room_closed" });
    const late = watched(it);
    expect(await it.after(late.watch.ended)).toMatchObject({ code: "room_closed" });
    expect(late.told).toEqual([]);
  });

  test("A97: a listener that fails ends it, and only it", async () => {
    const it = operated();
    const ann = await it.play("ann");
    const { watch } = watched(it, () => Promise.reject(new Error("a bug")));
    expect(await it.after(watch.ended)).toMatchObject({ code: "unavailable", retry: true });
    ann.input(1);
    await ann.sees({ x: 101 });
    expect(it.world.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  });
});
