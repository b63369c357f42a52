/** R47: a room that ends, and whose players go on in another one. */
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { table, text, u16 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { Run } from "../../../src/server/kinds/room/run/run.js";
import { World } from "../support/engine.js";
import { ask, hooks, until } from "./support.js";

const shape = room({
  rate: 20,
  seats: 3,
  input: z.string(),
  state: { all: table({ n: u16, name: text(16) }) },
});

/** What a player puts in is where all go. */
const Station = shape.code({ input: (r, _seat, to) => r.travel(to) });

describe("R47: travel", () => {
  test("tells all who play and look on where to go on, and who comes later as well", async () => {
    const world = new World({ "station/:id": Station }, { hooks });
    const ann = await world.connect({ token: "ann" });
    const bob = await world.connect({ token: "bob" });
    const eve = await world.connect({ token: "eve" });
    const { ch } = await ask(world, ann, { subscribe: "station/a", join: null });
    await ask(world, bob, { subscribe: "station/a", join: null });
    await ask(world, eve, { subscribe: "station/a" });
    ann.send([Number(ch), 1, "station/b"]);
    for (const peer of [ann, bob, eve]) {
      const told = await until(world, () => peer.events.find(({ event }) => event === "unsubscribed"));
      expect(told).toMatchObject({ code: "room_moved", to: "station/b" });
    }
    expect(await ask(world, ann, { subscribe: "station/b", join: null })).toMatchObject({ kind: "room" });
    const late = await world.connect({ token: "late" });
    expect(await ask(world, late, { subscribe: "station/a", join: null })).toMatchObject({
      error: { code: "room_moved", to: "station/b", retry: false },
    });
  });

  test("is to a channel that can be, or the input that said it is left out", () => {
    const run = new Run(Station.def, { seed: 1, about: { name: "station/a", match: {} } });
    run.step([{ is: "join", seat: "a", user: null, join: null }]);
    for (const [n, to] of ["", "x".repeat(255), "a\nb", 7].entries()) {
      const { threw, closed } = run.step([{ is: "input", seat: "a", n: n + 1, input: to }]);
      expect(threw[0]?.error).toMatchObject({ code: "bad_travel" });
      expect(closed).toBeUndefined();
    }
    expect(run.step([{ is: "input", seat: "a", n: 5, input: "station/b" }]).closed).toBe("→ station/b");
  });
});
