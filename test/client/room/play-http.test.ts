/** A game without a WebSocket: frames come as text, and inputs go in requests of their own. */
import { play } from "tidemark/room/client";
import { expect, test } from "vitest";
import { writeTextLine } from "../../../src/protocol/index.js";
import { shapeName } from "../../../src/room/shape-name.js";
import { World, collect } from "../world.js";
import { ModelRoom, move, player, type Keys } from "./model-room.js";
import { arena, CHANNEL, OPTIONS, SEAT } from "./play-server.js";

const RIGHT: Keys = { dx: 1, dy: 0, aim: 0 };

async function setup() {
  const world = new World({ transports: ["poll"] });
  const room = new ModelRoom(SEAT);
  room.players.set(SEAT, player(1000, 1000));
  const answer = {
    ch: 3,
    kind: "room",
    cursor: "r:0",
    seat: SEAT,
    last: 0,
    rate: 20,
    shape: shapeName(arena),
  };
  /** Frames as they come over HTTP. */
  const tell = async (count = 1): Promise<void> => {
    for (let i = 0; i < count; i++) {
      room.advance();
      const { tick, bytes } = room.frame();
      world.link.sayText(writeTextLine(`[3,${tick},null,{"bytes":${bytes.length}}]`, bytes));
      await world.pass(50);
    }
  };
  const asked = play(world.client, arena, CHANNEL, { ...OPTIONS, predict: { players: move } });
  await world.online({ [CHANNEL]: answer });
  await tell();
  return { world, room, answer, tell, game: await asked };
}

test("N89: frames are bytes over HTTP too", async () => {
  const { game, room, tell } = await setup();
  await tell(3);
  room.players.set("bob", player(5, 5));
  await tell(3);
  expect(game.frame().players.get("bob")).toMatchObject({ x: 5 });
});

test("N88: inputs are lines in requests, and go again with the next answer, where no frame has told of them", async () => {
  const { game, world, room, tell, answer } = await setup();
  game.input(RIGHT);
  game.input(RIGHT);
  await world.settle();
  const lines = world.link.take() as unknown as [string, number, Keys][];
  // A number would be another connection's.
  expect(lines.map(([channel, n]) => [channel, n])).toEqual([
    [CHANNEL, 1],
    [CHANNEL, 2],
  ]);
  room.offer({ number: 1, input: RIGHT, at: 0 });
  await tell();
  // The poll has ended, and the next one begins everything anew; nothing of that is told.
  const resumed = collect<object>();
  game.on("resumed", resumed.add);
  world.link.over();
  await world.settle();
  const [command] = world.link.take();
  expect(command?.["connect"]).toMatchObject({
    subs: { [CHANNEL]: { had: true, cursor: `r:${room.tick}` } },
  });
  room.anew();
  world.link.say({
    id: command?.id,
    ok: { client: "c", durability: "memory", ping: 25_000, subs: { [CHANNEL]: answer } },
  });
  await world.settle();
  expect((world.link.take() as unknown as number[][]).map(([, n]) => n)).toEqual([2]);
  room.offer({ number: 2, input: RIGHT, at: 0 });
  await tell(2);
  expect([game.link.pending, resumed.all]).toEqual([0, []]);
  expect(game.frame().players.get(SEAT)?.x).toBe(1016);
});

test("N91: a refusal comes with the answer to the request, and names the channel", async () => {
  const { game, world } = await setup();
  const refused = collect<object>();
  game.on("refused", refused.add);
  game.input(RIGHT);
  world.link.say({ event: "refused", channel: CHANNEL, n: 1, code: "invalid", message: "not so" });
  await world.settle();
  expect(refused.all).toMatchObject([{ n: 1, code: "invalid" }]);
  expect(game.link.pending).toBe(0);
});

test("N92: a seat is not given up over HTTP, where no command can say so: its channel is not asked for any more", async () => {
  const { game, world } = await setup();
  await game.leave();
  await world.settle();
  const commands = world.link.take();
  expect(commands).toMatchObject([{ connect: { subs: {} } }]);
});
