/** `tidemark ls`, as a process against servers in this one, and against one in several processes. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, stream, tidemark as server, transient } from "tidemark";
import { createMemoryHub, type Broker } from "tidemark/broker";
import { connect, type Client } from "tidemark/client";
import { expect, onTestFinished, test } from "vitest";
import { tidemark, type Running } from "./support.js";

const KEY = "correct-horse-battery";

async function start(broker: Broker, path = "/connect"): Promise<string> {
  const app = server({
    log: silentLogger,
    apiKey: KEY,
    path,
    broker,
    authenticate: ({ token }) => ({ id: token ?? "nobody" }),
  }).channels({ "chat/:id": stream({ presence: true }), "typing/:id": transient() });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return `ws://127.0.0.1:${port}${path}`;
}

function client(url: string, token: string): Client {
  const rt = connect(url, { token });
  onTestFinished(() => rt.close());
  return rt;
}

const ls = (url: string, ...args: string[]): Running =>
  tidemark(["ls", ...args], { TIDEMARK_URL: url, TIDEMARK_API_KEY: KEY });

test("prints the channels of all servers, how many are subscribed and present, and the sum", async () => {
  const hub = createMemoryHub();
  const [here, there] = [await start(hub.broker()), await start(hub.broker())];
  const [ann, phone, bob] = [client(here, "ann"), client(there, "ann"), client(there, "bob")];
  await Promise.all([
    ann.stream("chat/general").ready,
    phone.stream("chat/general").ready,
    bob.stream("chat/general").ready,
    bob.stream("chat/another").ready,
    ann.transient("typing/general").ready,
  ]);
  const all = ls(here);
  expect(await all.exit).toBe(0);
  expect(all.err()).toBe("");
  expect(all.out()).toBe(
    [
      "CHANNEL         KIND       SUBSCRIBERS  MEMBERS",
      "chat/another    stream               1        1",
      "chat/general    stream               3        2",
      "typing/general  transient            1        -",
      "3 channels, 5 subscribers, on 2 servers",
      "",
    ].join("\n"),
  );

  const some = ls(there, "typing/", "--json");
  expect(await some.exit).toBe(0);
  expect(JSON.parse(some.out())).toEqual({ channel: "typing/general", kind: "transient", subscribers: 1 });
});

test("prints more channels than fit on a page", async () => {
  const url = await start(createMemoryHub().broker());
  const [one, two] = [client(url, "ann"), client(url, "bob")];
  const names = Array.from({ length: 1100 }, (_, n) => `typing/${n}`);
  await Promise.all(names.map((name, n) => (n % 2 === 0 ? one : two).transient(name).ready));
  const all = ls(url, "--json");
  expect(await all.exit).toBe(0);
  const lines = all.out().trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { channel: string }).channel)).toEqual(names.toSorted());
});

test("says when a server did not answer, and prints what it knows", async () => {
  const hub = createMemoryHub();
  const url = await start(hub.broker());
  hub.broker();
  const some = ls(url);
  expect(await some.exit).toBe(0);
  expect(some.out()).toBe("0 channels, 0 subscribers, on 1 server\n");
  expect(some.err()).toContain("1 of 2 servers did not answer: their subscribers are not counted");
});

test("finds the API beside the channels, wherever they are", async () => {
  const url = await start(createMemoryHub().broker(), "/rt");
  for (const address of [url, url.replace("ws:", "http:"), new URL("/", url).href]) {
    const all = ls(address, "--json");
    expect([address, await all.exit]).toEqual([address, 0]);
  }
});

test("ends with 1 when the key is wrong, there is no API, or nobody is there", async () => {
  const url = await start(createMemoryHub().broker());
  const wrong = ls(url, "--api-key", "another-key-than-that");
  expect(await wrong.exit).toBe(1);
  expect(wrong.err()).toContain("the API key is wanted");
  expect(wrong.err()).toContain("(unauthorized)");

  const page = createServer((_request, response) => response.end("<h1>a page</h1>"));
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void page.close());
  const none = ls(`ws://127.0.0.1:${(page.address() as AddressInfo).port}/connect`);
  expect(await none.exit).toBe(1);
  expect(none.err()).toContain("start the server with --api-key");

  const nobody = ls("ws://127.0.0.1:1/connect");
  expect(await nobody.exit).toBe(1);
  expect(nobody.err()).toContain("cannot reach http://127.0.0.1:1/api/channels");
});

test("gives up after --timeout seconds", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/connect`;
  const late = ls(url, "--timeout", "1");
  expect(await late.exit).toBe(1);
  expect(late.err()).toContain("connection_lost");
});

test.each([
  [["ls", "a", "b"], "one beginning"],
  [["ls", "--token", "ann"], "--token"],
  [["ls"], "which key?"],
  [["ls", "--api-key", KEY, "--url", "nowhere"], "--url takes an address"],
  [["serve", "--api-key", "short"], "apiKey must be at least 16"],
])("%j ends with 2, and says what to write instead", async (args, message) => {
  const run = tidemark(args);
  expect(await run.exit).toBe(2);
  expect(run.err()).toContain(message);
});

test("counts over the worker processes of a server", async () => {
  const dir = mkdtempSync(join(tmpdir(), "tidemark-ls-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const serve = tidemark(["serve", "--port", "0", "--data", dir, "--workers", "2", "--host", "127.0.0.1"], {
    TIDEMARK_API_KEY: KEY,
  });
  await serve.says(/worker \d+\n {2}worker \d+/);
  const url = /ws:\/\/\S+/.exec(serve.out())?.[0] ?? "";
  await Promise.all(["1", "2", "3", "4"].map((token) => client(url, token).stream("chat/general").ready));
  const all = ls(url);
  expect(await all.exit).toBe(0);
  expect(all.err()).toBe("");
  expect(all.out()).toContain("1 channel, 4 subscribers, on 2 servers");
  serve.kill("SIGTERM");
  expect(await serve.exit).toBe(0);
});
