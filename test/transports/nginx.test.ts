/** Behind a proxy that does not let WebSockets through, deals requests out to two nodes in turn, and worse. */
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, type Client, type Stream } from "tidemark/client";
import { transportContract, type TransportHarness } from "tidemark/testing";
import { stream, tidemark, silentLogger } from "tidemark";
import { harness } from "./support/servers.js";
import { BUFFERING, IMPATIENT, PLAIN, nginx, noNginx } from "./support/nginx.js";

describe.skipIf(noNginx)("behind nginx", () => {
  transportContract("stream, two nodes behind nginx", () => harness("stream", 2, nginx(PLAIN)), {
    describe,
    it,
  });

  /** A client as applications make it, but not as patient. */
  async function through(
    directives: string,
  ): Promise<{ client: Client; publish: (data: unknown) => Promise<unknown>; net: TransportHarness }> {
    const net = await harness("websocket", 2, nginx(directives));
    onTestFinished(() => net.close());
    const { url, apps } = await net.serve(
      (broker) =>
        tidemark({ broker, log: silentLogger }).channels({
          "log/:id": stream({ retain: { count: 1000 } }),
        }) as never,
    );
    const client = connect(url, { connectTimeout: 2000, backoff: { min: 10, max: 50 } });
    onTestFinished(() => client.close());
    let turn = 0;
    return {
      client,
      publish: (data) => apps[turn++ % 2]?.publishTo("log/a", data) ?? Promise.reject(new Error("no app")),
      net,
    };
  }

  async function passes(client: Client, publish: (data: unknown) => Promise<unknown>): Promise<void> {
    const log = client.stream("log/a" as never) as unknown as Stream;
    const got: unknown[] = [];
    log.on("message", ({ data }) => got.push(data));
    await log.ready;
    for (let n = 0; n < 20; n++) await (n % 2 === 0 ? publish(n) : log.publish(n));
    await expect.poll(() => got, { timeout: 10_000 }).toEqual(Array.from({ length: 20 }, (_, n) => n));
  }

  it("N24: a client falls back to the stream where no upgrade is let through", async () => {
    const { client, publish } = await through(PLAIN);
    await passes(client, publish);
    expect(client.transport).toBe("stream");
  });

  it("N24: and to polls where answers are held back", async () => {
    const { client, publish } = await through(BUFFERING);
    await passes(client, publish);
    expect(client.transport).toBe("poll");
  });

  it("H2: a stream that is cut for being quiet comes back, and has missed nothing", async () => {
    const { client, publish } = await through(IMPATIENT);
    await passes(client, publish);
    const seen = new Set<string | undefined>();
    await expect.poll(() => seen.add(client.id).size, { timeout: 10_000 }).toBeGreaterThan(2);
    const log = client.stream("log/a" as never) as unknown as Stream;
    const next = new Promise((resolve) => log.on("message", ({ data }) => resolve(data)));
    await publish("after");
    expect(await next).toBe("after");
  });
});
