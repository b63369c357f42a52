/** Handshakes that are none, and paths: whichever of the two ways in they take. */
import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { stream, tidemark, type AppOptions } from "../../src/server/index.js";
import { connect, open } from "./support/client.js";
import { dial, upgradeRequest } from "./support/raw.js";
import { quiet, serve, servedAt, type Served } from "./support/serve.js";

const makeApp = (options: AppOptions<null> = {}) =>
  tidemark({ ...quiet, ...options }).channels({ "chat/:id": stream() });

async function attached(options: AppOptions<null> = {}): Promise<Served> {
  const server = createServer();
  const app = makeApp(options);
  app.attach(server);
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  onTestFinished(async () => {
    await app.close();
    server.closeAllConnections();
    server.close();
  });
  return servedAt(port);
}

describe.each([
  ["a server of its own", (options?: AppOptions<null>) => serve(makeApp(options))],
  ["somebody else's server", attached],
])("on %s", (_name, start) => {
  const WRONG: Readonly<Record<string, string>> = {
    "HTTP/1.0": upgradeRequest().replace("HTTP/1.1", "HTTP/1.0"),
    "no Host": upgradeRequest("/connect", { Host: undefined }),
    "two Hosts": upgradeRequest().replace("\r\n\r\n", "\r\nHost: other.example\r\n\r\n"),
    "the same Host twice": upgradeRequest().replace("\r\n\r\n", "\r\nhost: 127.0.0.1\r\n\r\n"),
  };
  for (const path of ["/connect", "/echo"]) {
    it.each(Object.keys(WRONG))(`W32: a handshake for ${path} with %s is answered with 400`, async (what) => {
      const { port } = await start();
      const raw = await dial(port);
      raw.write((WRONG[what] ?? "").replace("/connect", path));
      expect(await raw.status()).toBe(400);
      await raw.ended;
    });
  }

  it("A86: slashes at the end or in a row make no difference", async () => {
    const { http, port } = await start({ path: "/a//b/" });
    for (const path of ["/a/b", "/a/b/", "//a/b", "/a//b//?x=1"])
      await connect(`ws://127.0.0.1:${port}${path}`);
    for (const path of ["/a/b/", "//a/b", "/healthz/"])
      expect((await fetch(http + path)).status).toBe(path === "/healthz/" ? 200 : 426);
    const poll = { method: "POST", body: '{"connect":{}}' };
    for (const path of ["/a/b/poll?wait=0", "/a/b//poll/?wait=0", "//a/b/poll?wait=0"])
      expect(await (await fetch(http + path, poll)).text()).toContain('"client"');
  });

  it("A86: the root is a path like others", async () => {
    const { http, port } = await start({ path: "/" });
    await connect(`ws://127.0.0.1:${port}`);
    const poll = await fetch(`${http}/poll?wait=0`, { method: "POST", body: '{"connect":{}}' });
    expect(await poll.text()).toContain('"client"');
    expect((await fetch(`${http}/healthz`)).status).toBe(200);
    expect((await fetch(`${http}/nothing`)).status).toBe(404);
  });
});

it.each(["rt", "", "/a b", "/ü", "/connect?x=1", "/a#b", "/a/../b", "/.", "/%zz", "http://x/connect", 7])(
  "A85: a path that no request can have is refused when the app is made: %j",
  (path) => {
    for (const option of ["path", "echo"])
      expect(() => makeApp({ [option]: path })).toThrow(
        expect.objectContaining({ name: "TypeError", message: expect.stringContaining(option) as string }),
      );
  },
);

it("A85: channels and echo cannot be at one place", () => {
  expect(() => makeApp({ path: "/echo" })).toThrow(TypeError);
  expect(() => makeApp({ path: "/echo/", echo: "/echo" })).toThrow(TypeError);
});

it("A85: what is URI-encoded is taken", async () => {
  const { port } = await serve(makeApp({ path: "/%C3%BC" }));
  const client = await open(`ws://127.0.0.1:${port}/ü`);
  expect(await client.ask({ connect: {} })).toHaveProperty("client");
});
