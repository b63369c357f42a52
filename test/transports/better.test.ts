/** A client that came over HTTP finds its way back to WebSocket, and a client asks whether its server is there. */
import { expect, onTestFinished, test } from "vitest";
import { connect as connectClient, openTransport, type Stream, type TransportFactory } from "tidemark/client";
import { realClock } from "tidemark/protocol";
import { stream, tidemark } from "tidemark";
import { httpTransport } from "../../src/client/transports/http.js";
import { connect } from "../server/support/client.js";

/** Five minutes in 300 milliseconds. */
const hasty = {
  ...realClock,
  setTimeout: (run: () => void, ms: number) => realClock.setTimeout(run, ms / 1000),
};

async function serve(): Promise<{ url: string; publish: (data: unknown) => Promise<unknown> }> {
  const app = tidemark().channels({ "log/:id": stream({ retain: { count: 10_000 } }) });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return { url: `ws://127.0.0.1:${port}/connect`, publish: (data) => app.publishTo("log/a", data) };
}

test.each(["stream", "poll"] as const)(
  "N26: from %s back to WebSocket as soon as that works, in the middle of everything",
  async (way) => {
    const { url, publish } = await serve();
    let blocked = true;
    const open: TransportFactory = (address, events, name, better) => {
      if (name !== "websocket") {
        const search = better && {
          clock: hasty,
          memory: undefined,
          open: (own: typeof events) => open(address, own, better),
        };
        return httpTransport(address, events, name, search);
      }
      // Where nobody listens.
      return openTransport(blocked ? "ws://127.0.0.1:1/" : address, events, name);
    };
    const client = connectClient(url, {
      backoff: { min: 1, max: 10 },
      transports: ["websocket", way],
      environment: { transport: open },
    });
    onTestFinished(() => client.close());
    const log = client.stream("log/a" as never) as unknown as Stream;
    const got: unknown[] = [];
    log.on("message", ({ data }) => got.push(data));
    await log.ready;
    expect(client.transport).toBe(way);
    const published: unknown[] = [];
    const go = async (): Promise<void> => {
      const n = published.length;
      published.push(n);
      await (n % 2 === 0 ? publish(n) : log.publish(n));
    };
    for (let n = 0; n < 50; n++) await go();
    blocked = false;
    await expect.poll(async () => (await go(), client.transport), { timeout: 10_000 }).toBe("websocket");
    for (let n = 0; n < 50; n++) await go();
    await expect.poll(() => got.length).toBe(published.length);
    expect(got).toEqual(published);
  },
);

test("W9: a client's {} is answered with {}, before and after connect", async () => {
  const { url } = await serve();
  const client = await connect(url);
  client.send("{}");
  await client.until(() => (client.pings === 1 ? true : undefined));
  client.send("{}\n{}");
  await client.until(() => (client.pings === 3 ? true : undefined));
});
