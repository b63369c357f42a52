/** Behind proxies as they are found in the world, which deal requests out to two nodes in turn, and worse. */
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, type Client, type Stream, type TransportName } from "tidemark/client";
import { transportContract, type TransportHarness } from "tidemark/testing";
import { stream, tidemark, silentLogger } from "tidemark";
import * as haproxy from "./support/haproxy.js";
import * as nginx from "./support/nginx.js";
import { harness, type Front } from "./support/servers.js";

const PROXIES = [
  { name: "nginx", missing: nginx.noNginx, of: nginx.nginx, ...nginx },
  { name: "HAProxy", missing: haproxy.noHaproxy, of: haproxy.haproxy, ...haproxy },
];

const range = (to: number): number[] => Array.from({ length: to }, (_, n) => n);

/** A client as applications make it, but not as patient; the servers are published to in turn. */
async function through(
  front: Front,
  transports?: readonly TransportName[],
): Promise<{ client: Client; publish: (data: unknown) => Promise<unknown>; net: TransportHarness }> {
  const net = await harness("websocket", 2, front);
  onTestFinished(() => net.close());
  const { url, apps } = await net.serve(
    (broker) =>
      tidemark({ broker, log: silentLogger }).channels({
        "log/:id": stream({ retain: { count: 1000 } }),
      }) as never,
    {},
  );
  const client = connect(url, { connectTimeout: 2000, backoff: { min: 10, max: 50 }, transports });
  onTestFinished(() => client.close());
  let turn = 0;
  return {
    client,
    publish: (data) => apps[turn++ % 2]?.publishTo("log/a", data) ?? Promise.reject(new Error("no app")),
    net,
  };
}

/** Everything that is published, by the servers and by the client, comes once and in order. */
async function passes(client: Client, publish: (data: unknown) => Promise<unknown>): Promise<void> {
  const log = client.stream("log/a" as never) as unknown as Stream;
  const got: unknown[] = [];
  log.on("message", ({ data }) => got.push(data));
  log.on("gap", (gap) => got.push(gap));
  await log.ready;
  for (let n = 0; n < 20; n++) await (n % 2 === 0 ? publish(n) : log.publish(n));
  await expect.poll(() => got, { timeout: 20_000 }).toEqual(range(20));
}

describe.each(PROXIES)("behind $name", ({ missing, of, PLAIN, UPGRADING, BUFFERING, IMPATIENT }) => {
  describe.skipIf(missing)("with two nodes in turn", () => {
    transportContract("stream", () => harness("stream", 2, of(PLAIN)), { describe, it });

    it("N24: a client stays with WebSocket where upgrades are let through", async () => {
      const { client, publish } = await through(of(UPGRADING));
      await passes(client, publish);
      expect(client.transport).toBe("websocket");
    });

    it("N24: a client falls back to the stream where no upgrade is let through", async () => {
      const { client, publish } = await through(of(PLAIN));
      await passes(client, publish);
      expect(client.transport).toBe("stream");
    });

    it("N24: and to polls where answers are held back", async () => {
      const { client, publish } = await through(of(BUFFERING));
      await passes(client, publish);
      expect(client.transport).toBe("poll");
    }, 30_000);

    it.each([
      ["websocket", `${UPGRADING}\n  ${IMPATIENT}`],
      ["stream", `${PLAIN}\n  ${IMPATIENT}`],
    ] as const)(
      "G1: a %s that is cut for being quiet comes back, and has missed nothing",
      async (name, set) => {
        const { client, publish } = await through(of(set), [name]);
        await passes(client, publish);
        const seen = new Set<string | undefined>();
        await expect.poll(() => seen.add(client.id).size, { timeout: 20_000 }).toBeGreaterThan(2);
        const log = client.stream("log/a" as never) as unknown as Stream;
        const next = new Promise((resolve) => log.on("message", ({ data }) => resolve(data)));
        await publish("after");
        expect(await next).toBe("after");
      },
    );
  });
});
