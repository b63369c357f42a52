/** One channel, however its name is canonical. */
import { once } from "node:events";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import * as z from "zod";
import { stream, tidemark } from "../../src/server/index.js";
import { connect } from "./support/client.js";
import { quiet, serve } from "./support/serve.js";

it("A19: names that differ only in how they are encoded are one channel", async () => {
  const app = tidemark().channels({ "chat/:id": stream({ retain: { count: 10 } }) });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connect`);
  await once(socket, "open");
  const lines: { id?: number; error?: { code: string } }[] = [];
  const answered = new Promise<void>((resolve) =>
    socket.on("message", (data: Buffer) => {
      for (const line of data.toString().split("\n")) lines.push(JSON.parse(line) as { id?: number });
      if (lines.some((line) => Array.isArray(line))) socket.send('{"id":4,"unsubscribe":"chat/caf\u00e9"}');
      if (lines.some(({ id }) => id === 4)) resolve();
    }),
  );
  socket.send('{"id":1,"connect":{"subs":{"chat/caf\u00e9":{}}}}');
  socket.send('{"id":2,"subscribe":"chat/caf%C3%A9"}\n{"id":3,"publish":"chat/c%61f%C3%A9","data":1}');
  await answered;
  expect(lines.find(({ id }) => id === 2)?.error?.code).toBe("already_subscribed");
  expect(lines.filter((line) => Array.isArray(line))).toHaveLength(1);
  expect(lines.find(({ id }) => id === 4)?.error).toBeUndefined();
  expect((await app.publish("chat/:id", { id: "caf\u00e9" }, 2)).offset).toBeGreaterThan(0);
  socket.close();
  await app.close();
});

it("W15: no hook is given a control character, by clients or by the application", async () => {
  const asked: unknown[] = [];
  const app = tidemark(quiet).channels({
    ":kind/:id": stream({ allow: ({ params }) => asked.push(params.id) > 0 }),
  });
  const { url } = await serve(app);
  const client = await connect(url);
  for (const name of ["chat/%00", "chat/%0a%1b[31m", "chat/%E2%80%A8", "chat/a%0D"]) {
    for (const command of ["subscribe", "publish", "history", "members"])
      expect(await client.ask({ [command]: name, data: 1 })).toMatchObject({
        error: { code: "bad_request" },
      });
    await expect(app.publishTo(name, 1)).rejects.toMatchObject({ code: "bad_request" });
  }
  await expect(app.publish(":kind/:id", { kind: "chat", id: "a\nb" }, 1)).rejects.toMatchObject({
    code: "bad_request",
  });
  expect(asked).toEqual([]);
});

it("A19: the application's spelling of a name finds the definition that everybody's does", async () => {
  const app = tidemark(quiet).channels({
    "chat/:room": stream({ message: z.object({ text: z.string() }), retain: { count: 50 } }),
    ":kind/:room": stream({ retain: { count: 3 } }),
  });
  const { url } = await serve(app);
  const client = await connect(url);
  for (let i = 0; i < 5; i++) await app.publish("chat/:room", { room: "a" }, { text: `${i}` });
  await expect(app.publishTo("ch%61t/a", "no object")).rejects.toMatchObject({ code: "invalid" });
  await app.publishTo("ch%61t/%61", { text: "5" });
  const { entries } = (await client.ask({ history: "chat/a" })) as { entries: [number, { text: string }][] };
  expect(entries.map(([, { text }]) => text)).toEqual(["0", "1", "2", "3", "4", "5"]);
});
