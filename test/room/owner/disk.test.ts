/** The log of a room on the disk: what is written into it is what is read, by the next process too. */
import { expect, onTestFinished, test } from "vitest";
import type { Broker, Change } from "../../../src/broker/index.js";
import { createLocalHub } from "../../../src/broker/local/index.js";
import { readRoom } from "../../../src/server/kinds/room/owner/read-room.js";
import { encodeWriter, PIECE_BYTES, roomLogOptions } from "../../../src/server/kinds/room/owner/room-log.js";
import { takeOver, type Taken } from "../../../src/server/kinds/room/owner/takeover.js";
import { settingsOf } from "../../../src/server/kinds/room/run/settings.js";
import { seededRandom, VirtualClock } from "../../../src/testing/index.js";
import { freshFolder, removeFolder } from "../../broker/local/support/folders.js";
import { Ledger } from "./support/rooms.js";

const ROOM = "ledger/1";

async function take(broker: Broker, clock: VirtualClock, seed: number): Promise<Taken> {
  const { def } = Ledger;
  const taken = await takeOver(
    { broker, clock, random: seededRandom(seed), ttl: 3000 },
    {
      channel: ROOM,
      def,
      settings: settingsOf(def),
      match: new Map([["mode", "ffa"]]),
      was: undefined,
      alone: true,
      mayBeMarked: true,
      memory: undefined,
    },
  );
  if (taken.is !== "taken") throw new Error(`it is ${taken.is}`);
  return taken;
}

test("R1, R11, R13: a room goes on from a folder as it was left there", async () => {
  const dir = freshFolder();
  const clock = new VirtualClock();
  let hub = createLocalHub({ dir, clock });
  onTestFinished(async () => {
    await hub.close();
    removeFolder(dir);
  });
  const first = await take(hub.broker(), clock, 1);
  let written = 0;
  const write = async (changes: readonly Change[]): Promise<void> => {
    const key = { scope: "test", id: ++written, print: 0 };
    const draft = { key, meta: encodeWriter(first.record.name), reign: first.reign.token, changes };
    expect(await hub.broker().change(ROOM, [draft], roomLogOptions())).toMatchObject([{ duplicate: false }]);
  };
  const { run, ledger, record } = first;
  const { entry } = run.step([{ is: "join", seat: "ann", user: { id: "ann" }, join: null }]);
  if (entry === undefined) throw new Error("what entered has an entry");
  await write([ledger.entry(entry, run.time), ...ledger.seat("ann", { user: { id: "ann" }, join: null })]);
  const at = { tick: run.tick, time: run.time, reign: record.name };
  const bytes = run.checkpoint();
  await write(ledger.checkpoint(at, bytes));
  const next = run.step([{ is: "input", seat: "ann", n: 1, input: 30 }]).entry;
  if (next === undefined) throw new Error("what entered has an entry");
  await write([ledger.entry(next, run.time), ledger.shown(run.tick + 3)]);
  for (let i = 0; i < 3; i++) run.step();

  await hub.close();
  hub = createLocalHub({ dir, clock });
  const found = await readRoom(hub.broker(), ROOM);
  expect(found.checkpoint).toEqual(bytes);
  expect(found.inputs.map(({ tick }) => tick)).toEqual([2]);
  await clock.advance(3000);
  const second = await take(hub.broker(), clock, 2);
  expect(Buffer.compare(second.run.checkpoint(), run.checkpoint())).toBe(0);
  expect(second.record).toMatchObject({ n: 2, tick: 5, short: 0 });
  expect(second.made).toEqual(first.made);
});

test("R11: a checkpoint of several pieces is whole, and the pieces of the one before are gone", async () => {
  const dir = freshFolder();
  const clock = new VirtualClock();
  const hub = createLocalHub({ dir, clock });
  onTestFinished(async () => {
    await hub.close();
    removeFolder(dir);
  });
  const broker = hub.broker();
  const { ledger, reign, record } = await take(broker, clock, 1);
  for (const [at, size] of [3 * PIECE_BYTES + 5, 1024 * 1024, 7].entries()) {
    const bytes = new Uint8Array(size).map((_, i) => (i * 31 + at) % 251);
    const changes = ledger.checkpoint(
      { tick: 100 * (at + 1), time: 10_000 * (at + 1), reign: record.name },
      bytes,
    );
    const key = { scope: "test", id: at + 1, print: 0 };
    const draft = { key, meta: encodeWriter(record.name), reign: reign.token, changes, quiet: true };
    expect(await broker.change(ROOM, [draft], roomLogOptions())).toMatchObject([{ duplicate: false }]);
    const read = (await readRoom(broker, ROOM)).checkpoint ?? new Uint8Array(0);
    expect(Buffer.compare(read, bytes)).toBe(0);
  }
  const { slots, saved } = await readRoom(broker, ROOM);
  expect([...slots].filter((slot) => slot.startsWith("cp/300"))).toEqual(["cp/300/0"]);
  expect(saved.map(({ tick }) => tick)).toEqual([200, 300].slice(-saved.length));
});
