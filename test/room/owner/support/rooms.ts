/** Rooms that the tests own. */
import * as z from "zod";
import { i32, table, text, u32 } from "../../../../src/room/columns.js";
import { room, type RoomDef } from "../../../../src/room/shape.js";

const players = table({ sum: i32, inputs: u32 });

export const counter = room({
  rate: 20,
  seats: 4,
  grace: "2s",
  checkpoint: "1s",
  input: z.number(),
  events: { said: z.object({ n: z.number() }) },
  state: { players, world: table({ ticks: u32 }) },
});

/** Adds up what players put in; 666 throws, 667 saves it, 668 ends it. When somebody called `bad` is in, every tick throws. */
export const Counter = counter.code<{ id: string }>({
  create(r) {
    r.state.world.set("w", { ticks: 0 });
  },
  join(r, { id }) {
    r.state.players.set(id, { sum: 0, inputs: 0 });
    if (id === "bad") r.state.world.set("bad", { ticks: 0 });
  },
  leave(r, { id }) {
    r.state.players.delete(id);
  },
  input(r, { id }, n) {
    const player = r.state.players.get(id);
    if (player === undefined) return;
    player.sum += n;
    player.inputs++;
    if (n === 666) throw new Error("the number of the beast");
    if (n === 667) r.checkpoint();
    if (n === 668) r.close("over");
    r.send("said", { n });
  },
  tick(r) {
    const world = r.state.world.get("w");
    if (world !== undefined) world.ticks++;
    if (r.state.world.has("bad")) throw new Error("a bad world");
  },
});

export const auction = room({
  rate: 0,
  seats: 8,
  keep: "inputs",
  checkpoint: "5s",
  grace: "60s",
  input: z.number(),
  events: { sold: z.object({ to: z.string() }) },
  state: { bids: table({ by: text(16), amount: u32 }) },
});

/** The highest bid stands; who bids more than 1,000 has it, and a second later it is over. */
export const Auction = auction.code<{ id: string }>({
  input(r, { id }, amount) {
    const highest = r.state.bids.get("top")?.amount ?? 0;
    if (amount <= highest) return;
    r.state.bids.set("top", { by: id, amount });
    r.state.bids.set(`${r.tick}`, { by: id, amount });
    if (amount <= 1000) return;
    r.send("sold", { to: id });
    r.after("1s", "close");
  },
  timers: {
    close(r) {
      r.close("sold");
    },
  },
});

export const ledger = room({
  rate: 10,
  seats: 4,
  keep: "inputs",
  checkpoint: "1s",
  inputsFor: "3s",
  grace: "60s",
  input: z.number(),
  state: { coins: table({ n: i32 }), clock: table({ ticks: u32 }) },
});

/** Coins go from the bank to players, and back; there are always a thousand. */
export const Ledger = ledger.code<{ id: string }>({
  create(r) {
    r.state.coins.set("bank", { n: 1000 });
    r.state.clock.set("c", { ticks: 0 });
  },
  join(r, { id }) {
    if (!r.state.coins.has(id)) r.state.coins.set(id, { n: 0 });
  },
  input(r, { id }, n) {
    const [bank, own] = [r.state.coins.get("bank"), r.state.coins.get(id)];
    if (bank === undefined || own === undefined || bank.n < n || own.n + n < 0) return;
    bank.n -= n;
    own.n += n;
  },
  tick(r) {
    const clock = r.state.clock.get("c");
    if (clock !== undefined) clock.ticks++;
  },
});

const big = room({ rate: 10, checkpoint: "1s", state: { pages: table({ text: text(4096) }) } });

/** More than a checkpoint holds. */
export const Big = big.code({
  create(r) {
    for (let i = 0; i < 300; i++) r.state.pages.set(`${i}`, { text: "page".repeat(1024) });
  },
});

/** The code of a room by what its channel's name begins with. */
export function define(channel: string): RoomDef | undefined {
  const [kind] = channel.split("/");
  switch (kind) {
    case "counter":
      return Counter.def;
    case "auction":
      return Auction.def;
    case "ledger":
      return Ledger.def;
    case "big":
      return Big.def;
    default:
      return undefined;
  }
}
