/** `app.room` and `app.rooms`, on an app. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemoryHub } from "../../../src/broker/index.js";
import { state, stream, tidemark } from "../../../src/server/index.js";
import { VirtualClock, seededRandom } from "../../../src/testing/index.js";
import { quiet } from "../support/serve.js";
import { gameOf } from "../rooms/support.js";

function setup() {
  const clock = new VirtualClock();
  const random = seededRandom(3);
  const world = { clock, random, broker: createMemoryHub({ clock, random }).broker() };
  // Its own, so that it is there when the app has been closed.
  const app = tidemark({ ...quiet, broker: world.broker }).channels({
    "arena/:id": gameOf(),
    "chat/:id": stream(),
    "keys/:id": state(),
  });
  const engine = app.runIn(world);
  onTestFinished(() => app.close());
  return { app, clock, engine, world };
}

describe("app.room", () => {
  test("A90: is by pattern and parameters, or by name; other kinds and names are said so", async () => {
    const { app } = setup();
    expect(app.room("arena/:id", { id: "a/b" }).channel).toBe("arena/a%2Fb");
    expect((await app.room("arena/1").info()).status).toBe("none");
    for (const name of ["chat/a", "keys/a"])
      expect(() => app.room(name)).toThrow(expect.objectContaining({ code: "wrong_kind" }) as Error);
    expect(() => app.state("arena/1")).toThrow(expect.objectContaining({ code: "wrong_kind" }) as Error);
    expect(() => app.room("nothing/a")).toThrow(expect.objectContaining({ code: "not_found" }) as Error);
    expect(() => app.room("\n")).toThrow(expect.objectContaining({ code: "bad_request" }) as Error);
  });

  test("A90: a handle is of use after the app has been closed and runs again", async () => {
    const { app, world } = setup();
    const room = app.room("arena/:id", { id: "1" });
    await app.close();
    await expect(room.info()).rejects.toMatchObject({ code: "closed" });
    await expect(room.close()).rejects.toMatchObject({ code: "closed" });
    app.runIn(world);
    expect((await room.info()).status).toBe("none");
  });

  test("A95, A98: an app without rooms has none, and answers others", async () => {
    const app = tidemark(quiet).channels({ "chat/:id": stream() });
    const clock = new VirtualClock();
    const random = seededRandom(4);
    const hub = createMemoryHub({ clock, random });
    const other = tidemark(quiet).channels({ "arena/:id": gameOf() });
    app.runIn({ clock, random, broker: hub.broker() });
    other.runIn({ clock, random, broker: hub.broker() });
    onTestFinished(async () => {
      await app.close();
      await other.close();
    });
    const listed = Promise.all([app.rooms(), other.rooms({ prefix: "arena/" })]);
    await clock.advance(10);
    for (const page of await listed) expect(page).toEqual({ rooms: [], nodes: { asked: 2, answered: 2 } });
    expect(app.stats.rooms).toMatchObject({ owned: 0, takeovers: 0 });
    await expect(app.rooms({ limit: 0 })).rejects.toMatchObject({ code: "bad_request" });
  });

  test("A98: stats tell of rooms, whether it runs or not", async () => {
    const { app, engine, clock } = setup();
    const asked = engine.rooms?.ask(
      "arena/1",
      { is: "join", seat: "s", client: "c", user: null, join: { name: "x" }, had: false, from: undefined },
      { wake: true },
    );
    await clock.advance(1000);
    expect((await asked)?.code).toBe("ok");
    expect(app.stats.rooms).toMatchObject({ owned: 1, players: 1, spectators: 0 });
    const listing = app.rooms();
    await clock.advance(10);
    expect((await listing).rooms).toMatchObject([{ channel: "arena/1", players: 1 }]);
    await app.close();
    expect(app.stats.rooms).toMatchObject({ owned: 0, players: 0 });
  });
});
