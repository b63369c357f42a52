/** Connections that end while the application is being asked about them. */
import { expect, it } from "vitest";
import { tidemark } from "../../src/server/index.js";
import { open } from "./support/client.js";
import { deferred, quiet, serve } from "./support/serve.js";

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
