/** What is left to be done while a directory's writer stands still is the first thing that the next one does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Broker, ChangesDraft, Reign, SlotsOptions } from "../../../src/broker/index.js";
import { createLocalHub, type LocalHub } from "../../../src/broker/local/index.js";
import { openWriter } from "../../../src/broker/local/later-writer.js";
import { findLater } from "../../../src/broker/local/later.js";
import { VirtualClock } from "../../../src/testing/index.js";
import { freshFolder, removeFolder } from "./support/folders.js";

const CHANNEL = "room/1";
const OPTIONS: SlotsOptions = {
  keeping: { by: "slots", most: { count: 100, bytes: 10_000 }, graves: { count: 0 } },
  dedupe: 60_000,
  fenced: true,
};

async function slots(broker: Broker): Promise<string[]> {
  const { entries } = await broker.readSlots(CHANNEL, { after: 0, limit: 100, bytes: 10_000 }, OPTIONS);
  return entries.flatMap(({ changes = [] }) => changes.map(({ slot }) => slot));
}

function folder(): { dir: string; open: () => LocalHub } {
  const dir = freshFolder();
  const clock = new VirtualClock();
  let hub: LocalHub | undefined;
  onTestFinished(async () => {
    await hub?.close();
    removeFolder(dir);
  });
  return { dir, open: () => (hub = createLocalHub({ dir, clock })) };
}

async function reignAs(broker: Broker, secret: string): Promise<Reign> {
  const reign = await broker.reign(CHANNEL, { ttl: 3000, secret, note: "" }, OPTIONS);
  if ("heldBy" in reign) throw new Error("nobody else has it");
  return reign;
}

const draft = (reign: string): ChangesDraft => ({
  key: { scope: "watch", id: 1, print: 0 },
  reign,
  changes: [{ slot: "stuck", data: "{}" }],
});

test("under a reign of before, ahead of whoever takes the next one, and once", async () => {
  const { dir, open } = folder();
  const first = open();
  const { token } = await reignAs(first.broker(), "first");
  const writer = await openWriter({ dir });
  expect(await writer.change(CHANNEL, [draft(token)], OPTIONS)).toEqual([{ error: "outcome_unknown" }]);
  await first.close();
  const second = open();
  const broker = second.broker();
  expect(await slots(broker)).toEqual([]);
  await second.idle();
  expect(await slots(broker)).toEqual(["stuck"]);
  expect(findLater(dir)).toBeUndefined();
});

test("and not under a reign that was over by then", async () => {
  const { dir, open } = folder();
  const first = open();
  const broker = first.broker();
  const reign = await reignAs(broker, "first");
  await reign.release();
  await reignAs(broker, "second");
  const writer = await openWriter({ dir });
  await writer.change(CHANNEL, [draft(reign.token)], OPTIONS);
  await first.close();
  const second = open();
  await second.idle();
  expect(await slots(second.broker())).toEqual([]);
  expect(findLater(dir)).toBeUndefined();
});

test("a file that cannot be read keeps nobody from opening the directory", async () => {
  const { dir, open } = folder();
  await open().close();
  writeFileSync(join(dir, "later.json"), "{");
  const hub = open();
  expect(await slots(hub.broker())).toEqual([]);
});
