/** What the hooks show, without React: the store of a channel, over a server in memory. */
import { silentLogger, stream, tidemark, transient } from "tidemark";
import type { Client } from "tidemark/client";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { createStreamStore, type StreamStore } from "../../src/react/stream-store.js";
import { createTransientStore } from "../../src/react/transient-store.js";

let allowed = true;

const app = tidemark({ log: silentLogger }).channels({
  "chat/:id": stream({ retain: { count: 5000 }, allow: () => allowed }),
  "typing/:id": transient({ allow: () => allowed }),
});

async function world(channel: string, count: number) {
  const server = testApp(app);
  onTestFinished(() => server.close());
  for (let n = 0; n < count; n++) await app.publishTo(channel, n);
  const client = server.connect();
  client.on("error", () => {});
  return { server, client: client as unknown as Client };
}

const shown = (store: StreamStore): unknown[] => store.view.snapshot().messages.map(({ data }) => data);

interface Shown<Snapshot> {
  readonly view: { readonly snapshot: () => Snapshot };
}

/** Lets everything happen that happens by itself, until the view is so, or long enough. */
async function until<Snapshot>(
  { settle }: { readonly settle: () => Promise<void> },
  { view }: Shown<Snapshot>,
  is: (snapshot: Snapshot) => boolean,
): Promise<void> {
  for (let turns = 0; turns < 100 && !is(view.snapshot()); turns++) await settle();
  expect(view.snapshot()).toSatisfy(is);
}

/** One more component, which stays. */
function look(store: StreamStore, last: number): void {
  store.want({ last });
  onTestFinished(store.view.subscribe(() => {}));
}

test.each(["before", "after"])(
  "N40: last shows so many messages when another handle is made in the same commit, %s it",
  async (when) => {
    const { server, client } = await world("chat/a", 5);
    const store = createStreamStore(client, "chat/a");
    const beside = (): void => void client.stream("chat/a").on("message", () => {});
    if (when === "before") beside();
    look(store, 20);
    if (when === "after") queueMicrotask(beside);
    await until(server, store, ({ messages }) => messages.length === 5);
    await app.publishTo("chat/a", "new");
    await server.settle();
    expect(shown(store)).toEqual([0, 1, 2, 3, 4, "new"]);
    expect(store.view.snapshot()).toMatchObject({ ready: true, hasOlder: false, error: undefined });
  },
);

test("N40: components that want more while the first is being subscribed see all of it, once", async () => {
  const { server, client } = await world("chat/b", 30);
  const store = createStreamStore(client, "chat/b");
  look(store, 5);
  await Promise.resolve();
  await Promise.resolve();
  look(store, 20);
  await until(server, store, ({ messages }) => messages.length >= 20);
  await app.publishTo("chat/b", 30);
  await server.settle();
  expect(shown(store)).toEqual(Array.from({ length: 21 }, (_, n) => n + 10));
});

test("N40: more than 1,000 are read page by page", async () => {
  const { server, client } = await world("chat/c", 2100);
  const store = createStreamStore(client, "chat/c");
  look(store, 2050);
  await until(server, store, ({ messages }) => messages.length >= 2050);
  expect(shown(store)).toEqual(Array.from({ length: 2050 }, (_, n) => n + 50));
});

test("N40: a component that comes when the channel was refused asks anew", async () => {
  const { server, client } = await world("chat/d", 3);
  allowed = false;
  onTestFinished(() => void (allowed = true));
  const store = createStreamStore(client, "chat/d");
  const typing = createTransientStore(client, "typing/d");
  look(store, 2);
  typing.want({});
  onTestFinished(typing.view.subscribe(() => {}));
  await until(server, store, ({ error }) => error?.code === "forbidden");
  await server.settle();
  expect(typing.view.snapshot().error?.code).toBe("forbidden");
  allowed = true;
  look(store, 2);
  typing.want({});
  await until(server, store, ({ ready }) => ready);
  await until(server, typing, ({ ready }) => ready);
  expect([shown(store), store.view.snapshot().error]).toEqual([[1, 2], undefined]);
  expect(typing.view.snapshot().error).toBeUndefined();
});
