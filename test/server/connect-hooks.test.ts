/** What the application is asked about connections, at odd moments. */
import { expect, it } from "vitest";
import { tidemark } from "../../src/server/index.js";
import { open } from "./support/client.js";
import { deferred, quiet, serve } from "./support/serve.js";

it("K40: hooks that come later see the request as the first one did", async () => {
  const seen: unknown[] = [];
  const ended = deferred();
  const look = ({ request }: { request: { headers: object; url: string; ip: string } }): void =>
    void seen.push({ headers: { ...request.headers }, url: request.url, ip: request.ip });
  const app = tidemark<{ id: string }>({
    ...quiet,
    authenticate: (context) => {
      look(context);
      return { id: "ann" };
    },
    onDisconnect: (info) => {
      look(info);
      ended.resolve();
    },
  });
  const { url } = await serve(app);
  const client = await open(`${url}?room=7`, { headers: { Cookie: "a=1; b=2", "X-Name": "ünï" } });
  await client.ask({ connect: {} });
  await client.ask({ refresh: {} });
  client.socket.close();
  await ended.promise;
  expect(seen).toHaveLength(3);
  expect(seen[0]).toMatchObject({ headers: { cookie: "a=1; b=2" }, url: "/connect?room=7", ip: "127.0.0.1" });
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
});

it("A11: onConnect is not called for a connection that ended while authenticate was under way", async () => {
  const asked = deferred();
  const answer = deferred<null>();
  const calls: string[] = [];
  const app = tidemark<null>({
    ...quiet,
    authenticate: async () => {
      asked.resolve();
      return answer.promise;
    },
    onConnect: () => void calls.push("onConnect"),
    onDisconnect: () => void calls.push("onDisconnect"),
  });
  const { url } = await serve(app);
  const client = await open(url);
  client.send({ id: 1, connect: {} });
  await asked.promise;
  client.socket.close();
  await client.closed;
  answer.resolve(null);
  // What follows the answer takes microtasks only.
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toEqual([]);
});
