/** How another thread of a worker's process writes the same logs. */
import { expect, test } from "vitest";
import { createLocalHub, localWorker } from "../../../src/broker/local/index.js";
import { openWriter } from "../../../src/broker/local/thread-writer.js";
import { FENCED_SLOTS, take } from "../../../src/testing/broker-contract/reign-kit.js";
import { cleanUp, folder } from "./support/scene.js";

test("another thread of a worker's process writes what the worker would, under its reign, and takes no part", async () => {
  const dir = folder();
  const hub = createLocalHub({ dir });
  cleanUp.push(() => hub.close());
  await hub.listen();
  const worker = await localWorker({ dir });
  cleanUp.push(() => worker.close());
  const entry = worker.otherThread;
  expect(entry?.module).toMatch(/^file:.*\/local\/thread-writer\.js$/);
  const writer = await openWriter(structuredClone(entry?.data));
  const reign = await take(worker, "room/1", "owner");
  const again = await writer.reign(
    "room/1",
    { ttl: 3000, secret: "secret of owner", note: "" },
    FENCED_SLOTS,
  );
  expect(again).toMatchObject({ token: reign.token });
  const key = { scope: "thread", id: 1, print: 0 };
  const change = { key, reign: reign.token, changes: [{ slot: "stuck", data: "{}" }] };
  expect(await writer.change("room/1", [change], FENCED_SLOTS)).toMatchObject([{ duplicate: false }]);
  const heard: string[] = [];
  worker.listen((text) => heard.push(text));
  await writer.send(worker.node, "hello");
  await expect.poll(() => heard).toEqual(["hello"]);
  const others = (await worker.nodes()).filter(({ id }) => id !== worker.node);
  expect(others.map(({ load }) => load)).toEqual([{ closing: 1 }]);
  await writer.close();
});
