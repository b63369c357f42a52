/** The HTTP server around us, our own and somebody else's. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { connect } from "../support/client.js";
import { dial, upgradeRequest } from "../support/raw.js";
import { servedAt, serve } from "../support/serve.js";
import { makeApp, fetchText, attached } from "../support/someones-server.js";

describe("plain requests", () => {
  it("A13: /healthz and /readyz answer 200 with JSON", async () => {
    const { http } = await serve(makeApp());
    for (const [path, status] of [
      ["/healthz", "ok"],
      ["/readyz", "ready"],
    ]) {
      const answer = await fetchText(http + path);
      expect(answer).toMatchObject({ status: 200, body: `{"status":"${status}"}\n` });
      expect(answer.headers).toMatchObject({
        "content-type": "application/json",
        "cache-control": "no-store",
      });
    }
  });

  it("A13: the paths of WebSockets answer 426, also with a query", async () => {
    const { http } = await serve(makeApp());
    for (const path of ["/connect", "/echo", "/connect?x=1"]) {
      expect(await fetchText(http + path)).toMatchObject({ status: 426, headers: { upgrade: "websocket" } });
    }
  });

  it("A12: everything else answers 404", async () => {
    const { http } = await serve(makeApp());
    for (const path of ["/", "/Connect", "/healthz/x", "/connect/x"])
      expect((await fetchText(http + path)).status).toBe(404);
  });

  it("A12: paths are configurable, and the echo can be left out", async () => {
    const { http, port } = await serve(makeApp({ path: "/rt", echo: false }));
    expect((await fetchText(`${http}/rt`)).status).toBe(426);
    expect((await fetchText(`${http}/connect`)).status).toBe(404);
    expect((await fetchText(`${http}/echo`)).status).toBe(404);
    await connect(`ws://127.0.0.1:${port}/rt?token=x`);
    const raw = await dial(port);
    raw.write(upgradeRequest("/echo"));
    expect(await raw.status()).toBe(404);
  });
});

describe("on somebody else's server", () => {
  it("A12: its routes and upgrades are its own", async () => {
    const theirs = new WebSocketServer({ noServer: true });
    const seen: string[] = [];
    const server = createServer((req, res) => {
      seen.push(`request ${req.url}`);
      res.end("theirs");
    });
    server.on("upgrade", (req, socket, head) => {
      seen.push(`upgrade ${req.url}`);
      if (req.url === "/theirs") theirs.handleUpgrade(req, socket, head, (ws) => ws.send("theirs"));
    });
    const { http, url, port } = await attached(makeApp(), server);
    expect((await fetchText(`${http}/page`)).body).toBe("theirs");
    expect((await fetchText(`${http}/healthz`)).body).toContain("ok");
    const socket = new WebSocket(`ws://127.0.0.1:${port}/theirs`);
    const [data] = await new Promise<[Buffer]>((resolve) =>
      socket.once("message", (message: Buffer) => resolve([message])),
    );
    expect(data.toString()).toBe("theirs");
    socket.terminate();
    await connect(url);
    // Node would hand every upgrade to every listener.
    expect(seen).toEqual(["request /page", "upgrade /theirs"]);
  });

  it("A12: what none of several apps takes is answered by one of them", async () => {
    const server = createServer();
    const { http, port } = await attached(makeApp(), server);
    const second = makeApp({ path: "/second", echo: false });
    second.attach(server);
    onTestFinished(() => second.close());
    expect((await fetchText(`${http}/second`)).status).toBe(426);
    expect((await fetchText(`${http}/neither`)).status).toBe(404);
    const raw = await dial(port);
    raw.write(upgradeRequest("/neither"));
    expect(await raw.status()).toBe(404);
  });

  it("A12: whether the server's own handlers come before or after", async () => {
    const server = createServer();
    const { http, url } = await attached(makeApp(), server);
    expect((await fetchText(`${http}/page`)).status).toBe(404);
    const seen: string[] = [];
    server.on("request", (req, res) => {
      seen.push(`request ${req.url}`);
      res.end("theirs");
    });
    server.on("upgrade", (req) => void seen.push(`upgrade ${req.url}`));
    expect((await fetchText(`${http}/page`)).body).toBe("theirs");
    expect((await fetchText(`${http}/healthz`)).body).toContain("ok");
    await connect(url);
    expect(seen).toEqual(["request /page"]);
  });

  it("A12: after close it is as it was", async () => {
    const app = makeApp();
    const server = createServer((_, res) => res.end("theirs"));
    const { http, url } = await attached(app, server);
    const client = await connect(url);
    await app.close();
    expect((await client.closed).code).toBe(4000);
    expect((await fetchText(`${http}/healthz`)).body).toBe("theirs");
    expect(server.listenerCount("upgrade")).toBe(0);
  });

  it("A12: for frameworks that own the server, handleRequest and handleUpgrade say whether it was ours", async () => {
    const app = makeApp();
    const server = createServer((req, res) => {
      if (!app.handleRequest(req, res)) res.end("theirs");
    });
    server.on("upgrade", (req, socket, head) => {
      if (!app.handleUpgrade(req, socket, head)) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      await app.close();
      await new Promise((resolve) => server.close(resolve));
    });
    const { http, url } = servedAt((server.address() as AddressInfo).port);
    expect((await fetchText(`${http}/page`)).body).toBe("theirs");
    expect((await fetchText(`${http}/readyz`)).body).toContain("ready");
    await connect(url);
  });
});
