/** How much a turn of the event loop inflates, of all sockets together. */
import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { TurnBudget } from "../../../../src/server/connection/limits/turn-budget.js";
import { NOBODY } from "../../../../src/server/connection/receiver.js";
import { Deflate } from "../../../../src/server/transports/websocket/deflate/deflate.js";
import { WebSocketLink } from "../../../../src/server/transports/websocket/link.js";
import { compressed } from "../../support/deflate.js";
import { Loop } from "../../support/loop.js";
import { TEXT, frame } from "../../support/raw.js";

/** Links whose messages are written down, all in the same turns. */
function setup(): { loop: Loop; link: (name: string) => WebSocketLink; told: string[] } {
  const loop = new Loop();
  const deflate = new Deflate(loop.clock, new TurnBudget(loop.clock));
  const told: string[] = [];
  const link = (name: string): WebSocketLink => {
    const socket = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
    const made = new WebSocketLink(socket, { most: 100_000, direct: false, deflate });
    made.open({
      ...NOBODY,
      receiveText: (bytes, from, to) => void told.push(`${name} ${bytes.toString("utf8", from, to)}`),
    });
    return made;
  };
  return { loop, link, told };
}

const many = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => compressed(TEXT, String(i))));

it("K60: a turn inflates so many messages of one socket, and goes on in the next, in their order", () => {
  const { loop, link, told } = setup();
  link("a").take(many(1000));
  const perTurn = [told.length];
  for (let turns = 0; told.length < 1000 && turns < 100; turns++) {
    const before = told.length;
    loop.turn();
    perTurn.push(told.length - before);
  }
  expect(told).toEqual(Array.from({ length: 1000 }, (_, i) => `a ${i}`));
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(200);
});

it("K60: a turn ends by the clock, too", () => {
  const { loop, link, told } = setup();
  const slow = link("a");
  slow.open({
    ...NOBODY,
    receiveText: () => {
      loop.now += 1;
      told.push("slow");
    },
  });
  slow.take(many(100));
  // 3 ms, and up to eight more until the clock is looked at.
  expect(told.length).toBeLessThanOrEqual(12);
});

it("K60: who has little to inflate does not wait for those who have much, and plain frames wait for nothing", () => {
  const { loop, link, told } = setup();
  const busy = Array.from({ length: 5 }, (_, i) => link(`busy${i}`));
  for (const one of busy) one.take(many(1000));
  link("plain").take(frame(TEXT, "now"));
  expect(told).toContain("plain now");
  const calm = link("calm");
  calm.take(compressed(TEXT, "soon"));
  expect(told).not.toContain("calm soon");
  loop.turn();
  expect(told).toContain("calm soon");
  for (let turns = 0; turns < 100; turns++) loop.turn();
  expect(told).toHaveLength(5002);
});

it("K60: what waits is dropped with its socket", () => {
  const { loop, link, told } = setup();
  const gone = link("gone");
  gone.take(many(1000));
  const before = told.length;
  gone.gone();
  for (let turns = 0; turns < 20; turns++) loop.turn();
  expect(told).toHaveLength(before);
});
