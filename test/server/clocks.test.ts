/** What a server says of clocks that are years apart. */
import { expect, it } from "vitest";
import { stream } from "../../src/server/index.js";
import { World } from "./support/engine.js";

const YEAR_MS = 365 * 86_400_000;

it("L16: a head from the future is said in the log, once an hour at most for all channels", async () => {
  const world = new World({ "a/:id": stream({ retain: { count: 10 } }) });
  const said = (): unknown[] =>
    world.log.lines.filter(({ message }) => message.includes("in the future")).map(({ fields }) => fields);
  world.clock.jump(10 * YEAR_MS);
  await world.append("a/1", "1");
  await world.append("a/2", "1");
  const peer = await world.connect();
  await peer.ask({ subscribe: "a/1" });
  expect(said()).toEqual([]);
  world.clock.jump(-10 * YEAR_MS);
  // The channel that is followed already is seen when it is looked at next.
  await world.clock.advance(60_000);
  expect(said()).toEqual([{ channel: "a/1", days: 3649 }]);
  await peer.ask({ subscribe: "a/2" });
  await world.clock.advance(60_000);
  expect(said()).toHaveLength(1);
});
