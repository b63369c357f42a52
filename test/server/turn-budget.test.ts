/** How much is carried out at once, whoever sends it. */
import { expect, test } from "vitest";
import { TurnBudget } from "../../src/server/connection/limits/turn-budget.js";
import { stream, tidemark } from "../../src/server/index.js";
import { connect } from "./support/client.js";
import { quiet, serve } from "./support/serve.js";

/** An event loop whose turns come, and whose time passes, when the test says so. */
class Loop {
  now = 0;
  #runs: (() => void)[] = [];
  readonly clock = {
    now: () => this.now,
    monotonic: () => this.now,
    setTimeout: () => 0,
    clearTimeout: () => {},
    setImmediate: (run: () => void) => void this.#runs.push(run),
  };

  turn(): void {
    const runs = this.#runs;
    this.#runs = [];
    for (const run of runs) run();
  }
}

test("K59: what comes at once is carried out over several turns of the event loop, in its order", async () => {
  let turn = 0;
  let watching = true;
  const perTurn = new Map<number, number>();
  const count = (): void => {
    turn++;
    if (watching) setImmediate(count);
  };
  const order: unknown[] = [];
  const app = tidemark({ ...quiet, limits: { commands: false } }).channels({
    "log/:id": stream({
      onPublish: ({ data }) => {
        perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
        order.push(data);
        return data;
      },
    }),
  });
  const { url } = await serve(app);
  const client = await connect(url);
  const most = 3500;
  const lines = Array.from({ length: most }, (_, n) => `{"publish":"log/a","data":${n}}`);
  count();
  client.socket.send(lines.join("\n"));
  await client.ask({ publish: "log/a", data: "last" });
  watching = false;
  expect(order).toEqual([...Array.from({ length: most }, (_, n) => n), "last"]);
  expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(1500);
});

test("K59: what takes long is carried out over more turns, of some milliseconds each", () => {
  const loop = new Loop();
  const budget = new TurnBudget(loop.clock, (run) => loop.clock.setImmediate(run));
  const perTurn: number[] = [0];
  let left = 1000;
  const work = (): void => {
    while (left > 0) {
      if (!budget.take(20)) return budget.wait(work, false);
      left--;
      // A command that is slow, such as one whose code is new.
      loop.now += 0.5;
      perTurn[perTurn.length - 1] = (perTurn.at(-1) ?? 0) + 1;
    }
  };
  work();
  for (let turns = 0; left > 0 && turns < 1000; turns++) {
    perTurn.push(0);
    loop.turn();
  }
  expect(left).toBe(0);
  // 3 ms, and up to three more commands until the clock is looked at.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(10);
});

test("K59: a turn begins with its first command, however long nothing was carried out before it", () => {
  const loop = new Loop();
  const budget = new TurnBudget(loop.clock, (run) => loop.clock.setImmediate(run));
  budget.wait(() => budget.spend(100), false);
  loop.turn();
  loop.turn();
  loop.now += 60_000;
  expect(budget.take(100)).toBe(true);
});
