/** R30: codes of private rooms. */
import { describe, expect, test } from "vitest";
import { createMemoryHub } from "../../../src/broker/index.js";
import { PrivateRooms, isCode } from "../../../src/server/kinds/room/match/private-rooms.js";
import { VirtualClock, seededRandom } from "../../../src/testing/index.js";
import { Town } from "./support/town.js";

function hubOf(seed = 1) {
  return createMemoryHub({ clock: new VirtualClock(), random: seededRandom(seed) });
}

describe("R30: a code", () => {
  test("has six letters and digits, none of which is taken for another", async () => {
    const rooms = new PrivateRooms({ broker: hubOf().broker(), random: seededRandom(3) });
    const seen = new Set<string>();
    for (let n = 0; n < 300; n++) {
      const { code, channel } = await rooms.make("hall");
      expect(code).toMatch(/^[A-HJKMNP-Z2-9]{6}$/);
      expect(isCode(code)).toBe(true);
      expect(channel).toMatch(/^hall\/[\w-]{16}$/);
      expect(channel).not.toContain(code);
      seen.add(code);
    }
    expect(seen.size).toBe(300);
    const letters = new Set([...seen].flatMap((code) => code.split("")));
    expect(letters.size).toBe(31);
  });

  test("means the same room on every server, also where all of them make their first at the same moment", async () => {
    const town = new Town();
    const made = await town.until(
      Promise.all(town.servers.map((server, n) => town.find(server, `ann${n}`, { how: "private" }))),
    );
    expect(new Set(made.map(({ channel }) => channel)).size).toBe(3);
    for (const { code = "", channel } of made)
      for (const [n, server] of town.servers.entries())
        expect(await town.until(town.find(server, `friend${n}`, { how: { code } }))).toEqual({ channel });
  });

  test("that nobody has is of no room, whatever it looks like", async () => {
    const rooms = new PrivateRooms({ broker: hubOf().broker(), random: seededRandom(3) });
    for (const code of ["ABCDEF", "abcdef", "ABCDE", "O0I1L2", "", "ABCDEFG", "ÄÖÜäöü"])
      await expect(rooms.find("hall", code)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("R30: a private room", () => {
  test("is found by its code, on every server and however that is written, and by nothing else", async () => {
    const town = new Town();
    const made = await town.until(town.find(town.server(0), "ann", { how: "private" }));
    const { code = "", channel } = made;
    expect(code).toMatch(/^[A-Z2-9]{6}$/);
    await town.until(town.join(town.server(0), "ann", channel));
    for (const [n, how] of [{ code }, { code: code.toLowerCase() }].entries())
      expect(await town.until(town.find(town.server(n + 1), `friend${n}`, { how }))).toEqual({ channel });
    const stranger = await town.until(town.play(town.server(1), "stranger"));
    expect(stranger.channel).not.toBe(channel);
    await town.clock.advance(2500);
    expect([...town.list().keys()]).toEqual([stranger.channel]);
  });

  test("is as full as others, and may end", async () => {
    const town = new Town();
    const { code = "", channel } = await town.until(town.find(town.server(0), "ann", { how: "private" }));
    const friends = Array.from({ length: 9 }, (_, n) =>
      town.find(town.server(1), `friend${n}`, { how: { code } }),
    );
    await town.until(Promise.all(friends));
    await expect(town.until(town.find(town.server(2), "late", { how: { code } }))).rejects.toMatchObject({
      code: "room_full",
      retry: true,
    });
    await town.until(town.server(2).rooms.ask(channel, { is: "close", reason: "over" }));
    await expect(town.until(town.find(town.server(2), "late", { how: { code } }))).rejects.toMatchObject({
      code: "room_closed",
    });
  });

  test("has its code still when all went home for the night, and was matched by what it was", async () => {
    const town = new Town();
    const match = { mode: "duel" };
    const { code = "", channel } = await town.until(
      town.find(town.server(0), "ann", { how: "private", match }),
    );
    const ann = await town.until(town.join(town.server(0), "ann", channel));
    await town.until(ann.seated.leave());
    await town.clock.advance(120_000);
    expect(town.ownerOf(channel)).toBeUndefined();
    expect(await town.until(town.find(town.server(1), "bob", { how: { code } }))).toEqual({ channel });
    expect(town.ownerOf(channel)?.rooms.rooms.get(channel)?.match).toEqual(new Map([["mode", "duel"]]));
  });

  test("keeps its code where the store has lost the salt: servers remember it", async () => {
    const town = new Town();
    const { code = "", channel } = await town.until(town.find(town.server(0), "ann", { how: "private" }));
    await town.until(town.join(town.server(0), "ann", channel));
    town.loseAll();
    await town.clock.advance(10_000);
    expect(await town.until(town.find(town.server(0), "bob", { how: { code } }))).toEqual({ channel });
    expect(await town.until(town.find(town.server(2), "cay", { how: { code } }))).toEqual({ channel });
  });

  test("is not made where none may be made", async () => {
    const town = new Town();
    const mayMake = (): Promise<void> => Promise.reject(new Error("you may not"));
    const finding = town.find(town.server(0), "eve", { how: "private", mayMake });
    await expect(town.until(finding)).rejects.toThrow("you may not");
    expect(town.halls().size).toBe(0);
  });
});
