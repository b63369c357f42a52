/** How much is carried out at once, whoever sends it. */
import { expect, test } from "vitest";
import { stream, tidemark } from "../../src/server/index.js";
import { connect } from "./support/client.js";
import { quiet, serve } from "./support/serve.js";

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
