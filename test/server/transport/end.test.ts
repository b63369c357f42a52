/** The end of a server, and of its connections. */
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { connect, open } from "../support/client.js";
import { dial, upgrade, upgradeRequest } from "../support/raw.js";
import { serve } from "../support/serve.js";
import { makeApp } from "../support/someones-server.js";

describe("the end", () => {
  it("A15: closes every connection with 4000, stops listening and resolves", async () => {
    const app = makeApp();
    const { url, port } = await serve(app);
    const clients = [await connect(url, { subs: { "chat/a": {} } }), await connect(url), await open(url)];
    const echo = await open(url.replace("/connect", "/echo"));
    await app.close();
    for (const client of clients)
      expect(await client.closed).toEqual({ code: 4000, reason: "the server is stopping" });
    await echo.closed;
    await expect(dial(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(app.stats).toMatchObject({ connections: 0, channels: 0 });
  });

  it("A15: within about a second, also with peers that do not answer", async () => {
    const app = makeApp();
    const { port, http } = await serve(app);
    const silent = await upgrade(port);
    const halfway = await dial(port);
    halfway.write(upgradeRequest().slice(0, 50));
    const idle = await dial(port);
    const keepAlive = request(`${http}/healthz`, { headers: { Connection: "keep-alive" } });
    await new Promise((resolve) => keepAlive.on("response", (response) => resolve(response.resume())).end());
    const start = performance.now();
    await app.close();
    expect(performance.now() - start).toBeLessThan(2500);
    expect((await silent.closeFrame()).code).toBe(4000);
    await Promise.all([silent.ended, halfway.ended, idle.ended]);
  });

  it("A15: twice, at once, and before anything was served", async () => {
    const app = makeApp();
    await app.close();
    await serve(app);
    await Promise.all([app.close(), app.close()]);
    await app.close();
  });

  it("A15: a port that is taken is the system's error, and the app can go on", async () => {
    const { port } = await serve(makeApp());
    const app = makeApp();
    await expect(app.listen({ port, host: "127.0.0.1" })).rejects.toMatchObject({ code: "EADDRINUSE" });
    const { url } = await serve(app);
    await connect(url);
    await expect(app.listen({ port: 0 })).rejects.toMatchObject({ code: "already_listening" });
  });

  it("S11: what a client was subscribed to ends with it", async () => {
    const app = makeApp();
    const { url } = await serve(app);
    const client = await connect(url, { subs: { "chat/a": {} } });
    expect(app.stats.connections).toBe(1);
    client.socket.close(1000);
    expect((await client.closed).code).toBe(1000);
    expect(app.stats.connections).toBe(0);
  });
});
