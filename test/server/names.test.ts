/** One channel, however its name is spelled. */
import { once } from "node:events";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { stream, tidemark } from "../../src/server/index.js";

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
