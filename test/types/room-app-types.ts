/** Compiled, never run: rooms among the channels of an app. */
import { stream, tidemark } from "tidemark";
import * as z from "zod";
import { table, u8 } from "../../src/room/columns.js";
import { room } from "../../src/room/shape.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

const arena = room({
  match: ["mode"],
  join: z.object({ name: z.string() }),
  input: z.object({ dx: z.number() }),
  state: { players: table({ hp: u8 }) },
});

interface User {
  readonly id: string;
  readonly vip: boolean;
}

const app = tidemark({
  authenticate: ({ token = "" }) => ({ id: token, vip: true, rooms: [token] }),
}).channels({
  "arena/:id": arena.code<User>({
    join: (r, seat) => void r.state.players.set(seat.user.id, { hp: seat.user.vip ? 2 : 1 }),
    allow: ({ user, action, match, join }) => user.vip || action !== "create" || match.mode === join?.name,
  }),
  // One that does not look at its users fits every app.
  "lobby/:id": arena.code({}),
  "chat/:id": stream({ message: z.object({ text: z.string() }) }),
});

type Channels = NonNullable<(typeof app)["~types"]>["channels"];
same<Equal<Channels["arena/:id"]["kind"], "room">>();
same<Equal<Channels["lobby/:id"]["kind"], "room">>();
same<Equal<Channels["chat/:id"]["kind"], "stream">>();
same<Equal<Channels["arena/:id"]["parts"]["match"], "mode">>();
same<Equal<Channels["chat/:id"]["input"], { text: string }>>();

void app.publish("chat/:id", { id: "1" }, { text: "hi" });
// @ts-expect-error -- nobody publishes to a room
void app.publish("arena/:id", { id: "1" }, { dx: 1 });
// @ts-expect-error -- it has no keys
void app.state("arena/:id", { id: "1" });

const Vips = arena.code<User>({});
const plain = tidemark({ authenticate: ({ token = "" }) => ({ id: token }) });
// @ts-expect-error -- the app's users are not vip or not
plain.channels({ "arena/:id": Vips });
// @ts-expect-error -- nobody is anybody here
tidemark().channels({ "arena/:id": Vips });
tidemark().channels({ "arena/:id": arena.code<User | null>({}) });
tidemark().channels({ "arena/:id": arena.code({}) });
