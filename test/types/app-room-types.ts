/** What compiles of `app.room`, and what does not. Compiled only; nothing here runs. */
import * as z from "zod";
import { table, u8 } from "../../src/room/columns.js";
import { room } from "../../src/room/shape.js";
import { state, stream, tidemark } from "../../src/server/index.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

const arena = room({
  events: { kill: z.object({ by: z.string(), how: z.string().default("shot") }), over: z.null() },
  state: { players: table({ hp: u8 }) },
});

const app = tidemark().channels({
  "arena/:id": arena.code({}),
  "plain/:id": room({ state: {} }).code({}),
  "chat/:id": stream(),
  "keys/:id": state(),
});

const handle = app.room("arena/:id", { id: "1" });
void handle.send("kill", { by: "a" });
void handle.send("kill", { by: "a", how: "fell" }, "seat");
void handle.send("over", null);
// @ts-expect-error -- no such event
void handle.send("won", { by: "a" });
// @ts-expect-error -- of another form
void handle.send("kill", { who: "a" });
// @ts-expect-error -- a room without events
void app.room("plain/:id", { id: "1" }).send("kill", { by: "a" });
// @ts-expect-error -- a parameter is missing
void app.room("arena/:id", {});
// @ts-expect-error -- no room
void app.room("chat/:id", { id: "1" });
// @ts-expect-error -- no room
void app.room("keys/:id", { id: "1" });
// @ts-expect-error -- nobody publishes to a room
void app.publish("arena/:id", { id: "1" }, {});
// @ts-expect-error -- a room has no keys
void app.state("arena/:id", { id: "1" });

// By name, what it is is not known.
void app.room("arena/1").send("anything", { at: "all" });

void (async () => {
  const info = await handle.info();
  same<Equal<typeof info.status, "running" | "stopped" | "closed" | "none">>();
  same<Equal<(typeof info.seats)[number]["user"], unknown>>();
  const { rooms, nodes, next } = await app.rooms({ prefix: "arena/", limit: 10 });
  same<Equal<(typeof rooms)[number]["players"], number>>();
  same<Equal<typeof nodes.asked, number>>();
  same<Equal<typeof next, string | undefined>>();
  same<Equal<typeof app.stats.rooms.owned, number>>();
})();
