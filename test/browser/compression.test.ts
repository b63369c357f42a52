/** Chromium as a peer that compresses: a page does nothing for it but ask. */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect as connectTo, createServer, type AddressInfo, type Socket } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connect, type Client } from "../server/support/client.js";
import { makeStateApp, manyKeys } from "../server/support/deflate.js";
import { launchBrowser, noBrowser } from "./support.js";

/** Keeps what comes, and says it: what a message is, and of the channel of keys the map. */
const PAGE = `<!doctype html><title>compression</title><script>
  const socket = new WebSocket("ws://" + location.host + "/connect" + location.search);
  window.seen = { map: {}, messages: 0, chat: [], answers: {}, closed: undefined };
  window.say = (command) => socket.send(JSON.stringify(command));
  socket.onclose = ({ code, reason }) => (seen.closed = code + " " + reason);
  socket.onopen = () => {
    seen.extensions = socket.extensions;
    say({ id: 1, connect: {} });
    say({ id: 2, subscribe: "keys/a" });
    say({ id: 3, subscribe: "chat/a" });
  };
  socket.onmessage = ({ data }) => {
    for (const line of data.split("\\n")) {
      const value = JSON.parse(line);
      if (value.id !== undefined) seen.answers[value.id] = value.ok ?? value;
      if (!Array.isArray(value)) continue;
      const [ch, , payload] = value;
      if (ch === seen.answers[3]?.ch) seen.chat.push(payload);
      else {
        seen.messages++;
        for (let i = 0; i < payload.length; i += 2) seen.map[payload[i]] = payload[i + 1];
      }
    }
  };
</script>`;

interface Seen {
  readonly map: Readonly<Record<string, unknown>>;
  readonly messages: number;
  readonly chat: readonly unknown[];
  readonly extensions: string;
  readonly closed: unknown;
}

/** A server with that page, behind a link that counts what goes to the page. */
async function servePage(): Promise<{ url: string; publisher: Client; received: () => number }> {
  const app = makeStateApp();
  const server = createHttpServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  });
  app.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let received = 0;
  const sockets = new Set<Socket>();
  const link = createServer((near) => {
    const far = connectTo(port, "127.0.0.1");
    for (const socket of [near, far]) sockets.add(socket.on("error", () => {}));
    far.on("data", (bytes: Buffer) => (received += bytes.length));
    near.pipe(far).pipe(near);
  });
  link.listen(0, "127.0.0.1");
  await once(link, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    link.close();
    await app.close();
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(link.address() as AddressInfo).port}/`,
    publisher: await connect(`ws://127.0.0.1:${port}/connect`),
    received: () => received,
  };
}

describe.skipIf(noBrowser)("a page in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
  });

  it.each(["?deflate=1", ""])(
    "E37, W41: takes compressed and plain messages mixed, and its own commands are read (connects to %j)",
    async (search) => {
      const { url, publisher, received } = await servePage();
      const page = await browser.newPage();
      onTestFinished(() => page.close());
      await page.goto(url + search);
      const seen = (): Promise<Seen> => page.evaluate("seen");
      const expected: Record<string, unknown> = {};
      await expect.poll(async () => (await seen()).messages, { timeout: 20_000 }).toBeGreaterThan(0);
      const before = received();
      for (let round = 0; round < 40; round++) {
        const set = manyKeys(round % 3 === 0 ? 2 : 400, round);
        Object.assign(expected, set);
        await publisher.ask({ publish: "keys/a", data: { set } });
        if (round % 5 === 0)
          await page.evaluate(`say({ id: ${round + 10}, publish: "chat/a", data: "${"é".repeat(round)}" })`);
      }
      await expect.poll(async () => (await seen()).map, { timeout: 20_000 }).toEqual(expected);
      await expect.poll(async () => (await seen()).chat.length, { timeout: 20_000 }).toBe(8);
      const { chat, closed, extensions } = await seen();
      expect(closed).toBeUndefined();
      expect(chat).toEqual([0, 5, 10, 15, 20, 25, 30, 35].map((n) => "é".repeat(n)));
      const plain = 26 * JSON.stringify(Object.entries(manyKeys(400, 10)).flat()).length;
      if (search === "") {
        expect(extensions).toBe("");
        expect(received() - before).toBeGreaterThan(plain / 2);
      } else {
        expect(extensions).toContain("permessage-deflate");
        expect(received() - before).toBeLessThan(plain / 3);
      }
    },
    60_000,
  );
});
