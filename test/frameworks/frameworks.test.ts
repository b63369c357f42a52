/** The examples that put Tidemark beside a framework: the framework's routes, the channels, the framework's own upgrades. */
import { describe, expect, test } from "vitest";
import { chatAt, checkChannels, firstMessage, startExample } from "./support.js";
import { startVite } from "./vite.js";

describe.each([
  ["with-express", "hello from Express"],
  ["with-fastify", "hello from Fastify"],
  ["with-hono", "hello from Hono"],
])("%s", (name, hello) => {
  test("answers its own route, serves the channels, publishes from a route, and refuses other upgrades", async () => {
    const url = await startExample(name);
    expect(await (await fetch(`${url}/hello`)).text()).toBe(hello);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    await checkChannels(url);

    const chat = chatAt(url);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ text: "to all" });
    const { offset } = (await (await fetch(`${url}/announce`, { method: "POST", headers, body })).json()) as {
      offset: number;
    };
    expect(await chat.messageAt(offset)).toEqual({ text: "to all" });
    expect(await firstMessage(`${url}/elsewhere`)).toBe(404);
  });
});

test("with-vite: the dev server's pages and hot reload go on working beside the channels", async () => {
  const { vite, port } = await startVite();
  const url = `http://127.0.0.1:${port}`;

  expect(await (await fetch(url, { headers: { accept: "text/html" } })).text()).toContain(
    "Tidemark with Vite",
  );
  expect(await (await fetch(`${url}/main.ts`)).text()).toMatch(/import { connect } from ".*client/);
  await checkChannels(url);

  const hotReload = `${url}/?token=${vite.config.webSocketToken}`;
  expect(JSON.parse(String(await firstMessage(hotReload, "vite-hmr")))).toEqual({ type: "connected" });
  await checkChannels(url);
});
