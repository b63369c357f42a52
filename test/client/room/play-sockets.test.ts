/** Games over real sockets, on a real server. */
import { connect, type Client, type TransportName } from "tidemark/client";
import { play, type GameOf } from "tidemark/room/client";
import { tidemark, silentLogger } from "tidemark";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { fixed, room, stepOf, table, text } from "tidemark/room";
import { serve } from "../../server/support/serve.js";

const players = table({ x: fixed(0, 1000, 1 / 8), name: text(16) });

const shape = room({
  rate: 50,
  grace: "5s",
  join: z.object({ name: z.string() }),
  input: z.object({ dx: z.number().min(-1).max(1) }),
  events: { far: z.object({ by: z.string() }) },
  state: { players },
});

/** 100 a second. */
const move = stepOf(players, (row, { dx }: { readonly dx: number }, seconds) => {
  row.x += dx * 100 * seconds;
});

const Game = shape.code({
  join: (r, { id, join: { name } }) => void r.state.players.set(id, { x: 100, name }),
  leave: (r, { id }) => void r.state.players.delete(id),
  input(r, seat, input) {
    const row = r.state.players.get(seat.id);
    if (!row) return;
    move(row, input, r.dt);
    if (row.x === 110) r.send("far", { by: row.name });
  },
});

type Played = GameOf<typeof shape>;

async function server(): Promise<string> {
  const app = tidemark({ log: silentLogger }).channels({ "arena/:id": Game });
  return (await serve(app)).url;
}

const SECRETS = { ann: "the-secret-of-ann", bob: "the-secret-of-bob" };

async function join(
  url: string,
  name: "ann" | "bob",
  transports?: readonly TransportName[],
): Promise<{ client: Client; game: Played }> {
  const client = connect(url, { transports });
  onTestFinished(() => client.close());
  const options = { join: { name }, seatSecret: SECRETS[name], predict: { players: move } };
  return { client, game: await play(client, shape, "arena/1", options) };
}

/** Resolves when it is so, looking at each frame. */
function until(game: Played, look: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const off = game.on("frame", () => {
      if (!look()) return;
      off();
      resolve();
    });
  });
}

function xOf(game: Played, seat: string | undefined): number | undefined {
  return game.frame().players.get(seat ?? "")?.x;
}

test("N85, N88: two play: the one's input moves its row at once, and then for the other", async () => {
  const url = await server();
  const { game: ann } = await join(url, "ann");
  const { game: bob } = await join(url, "bob");
  expect(ann.seat).not.toBe(bob.seat);
  const far = new Promise((resolve) => bob.on("far", resolve));
  for (let i = 0; i < 5; i++) ann.input({ dx: 1 });
  await until(ann, () => xOf(ann, ann.seat) === 110);
  await until(bob, () => xOf(bob, ann.seat) === 110);
  expect(await far).toEqual({ by: "ann" });
  await until(ann, () => ann.link.pending === 0);
  expect([ann.link.correction, bob.me("players")?.x]).toEqual([0, 100]);
});

test("N86, N87: a page that is loaded again has its seat, its row and its numbers", async () => {
  const url = await server();
  const { client, game } = await join(url, "ann");
  await game.send({ dx: 1 });
  const { seat } = game;
  client.close();
  const { game: again } = await join(url, "ann");
  expect(again.seat).toBe(seat);
  await until(again, () => xOf(again, seat) === 102);
  expect(again.input({ dx: 1 })).toBe(2);
});

test("N92: the page before is told that its seat is taken, and goes on in nothing", async () => {
  const url = await server();
  const { game } = await join(url, "ann");
  const left = new Promise((resolve) => game.on("left", resolve));
  const { game: other } = await join(url, "ann");
  expect(await left).toMatchObject({ code: "seat_taken" });
  expect([other.seat, game.input({ dx: 1 })]).toEqual([game.seat, undefined]);
  await other.send({ dx: 1 });
});

test("N91: what the room's schema refuses is told, and taken back", async () => {
  const url = await server();
  const { game } = await join(url, "ann");
  await expect(game.send({ dx: 7 })).rejects.toMatchObject({ code: "invalid" });
  await until(game, () => xOf(game, game.seat) === 100);
});

test("N92: who leaves is seen by nobody any more, and comes back as a new one", async () => {
  const url = await server();
  const { game: ann } = await join(url, "ann");
  const { client, game: bob } = await join(url, "bob");
  await until(ann, () => ann.frame().players.size === 2);
  await bob.send({ dx: 1 });
  await bob.leave();
  await until(ann, () => ann.frame().players.size === 1);
  const options = { join: { name: "bob" }, seatSecret: SECRETS.bob };
  const again = await play(client, shape, "arena/1", options);
  expect(xOf(again, again.seat)).toBe(100);
});

test("N85: somebody who watches sees what the players do", async () => {
  const url = await server();
  const client = connect(url);
  onTestFinished(() => client.close());
  const { game } = await join(url, "ann");
  const watched = await play(client, shape, "arena/1", { spectate: true });
  await game.send({ dx: 1 });
  await until(watched, () => xOf(watched, game.seat) === 102);
});

test.each([["stream"], ["poll"]] as const)("N88, N89: the same over HTTP, as a %s", async (way) => {
  const url = await server();
  const { game } = await join(url, "ann", [way]);
  const { game: bob } = await join(url, "bob");
  const { seat } = game;
  for (let i = 0; i < 3; i++) await game.send({ dx: 1 });
  await until(bob, () => xOf(bob, seat) === 106);
  expect(game.ended).toBeUndefined();
  expect(xOf(game, seat)).toBe(106);
});
