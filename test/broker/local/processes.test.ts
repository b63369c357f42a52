import { describe, expect, test } from "vitest";
import type { Broker, Draft, LogOptions, PresenceChange } from "../../../src/broker/index.js";
import { createLocalHub, localWorker, type LocalHub } from "../../../src/broker/local/index.js";
import { delay } from "./support/folders.js";
import { cleanUp, folder, start, worker } from "./support/scene.js";

const KEEP: LogOptions = { keeping: { by: "entries", retain: { count: 100_000 } }, dedupe: 60_000 };
const ALL = { after: 0, limit: 100_000, bytes: 1e9 };

function open(dir: string, onError?: (error: unknown) => void): LocalHub {
  const hub = createLocalHub({ dir, ...(onError !== undefined && { onError }) });
  cleanUp.push(() => hub.close());
  return hub;
}

let keys = 0;
function draft(data = "1"): Draft {
  return { data, key: { scope: "test", id: `${++keys}`, print: 0 } };
}

function watch(changes: PresenceChange[], onReset: () => void = () => {}): Parameters<Broker["follow"]>[1] {
  return { onEntries() {}, onSignals() {}, onPresence: (change) => void changes.push(change), onReset };
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; performance.now() < end; await delay(5))
    if (await isTrue()) return;
  throw new Error(`waited in vain: ${what}`);
}

describe("kill -9", () => {
  test("of writer and workers in the middle of it: every acknowledged entry is there, once, in the same epoch", async () => {
    const dir = folder();
    const writer = await start("writer", dir);
    const children = [writer, await start("worker", dir), await start("worker", dir)];
    for (const [i, child] of children.entries()) child.do("append", "c", `p${i}`);
    await Promise.all(children.map((child) => child.line("acked", 60)));
    await Promise.all(children.map((child) => child.kill()));
    const acked = children.flatMap((child) => child.said("acked"));
    const node = open(dir).broker();
    const page = await node.read("c", ALL, KEEP);
    const there = new Map(page.entries.map(({ offset, data }) => [String(offset), data]));
    for (const [offset = "", ...data] of acked) expect(there.get(offset)).toBe(data.join(" "));
    expect(new Set(page.entries.map(({ data }) => data)).size).toBe(page.entries.length);
    // What was written and not acknowledged is known by its key.
    const last = page.entries.at(-1);
    const [, scope = "", sequence = ""] = /"(\S+) (\d+)"/.exec(String(last?.data)) ?? [];
    const retry = { data: "again", key: { scope, id: Number(sequence), print: 0 } };
    expect(await node.append("c", [retry], KEEP)).toEqual([{ offset: last?.offset, duplicate: true }]);
    await node.append("c", [draft()], KEEP);
    expect((await node.read("c", ALL, KEEP)).epochs).toEqual(page.epochs);
  });

  test("of a writer that does not sync opens a new epoch with the next append", async () => {
    const dir = folder();
    const writer = await start("writer", dir, "none");
    writer.do("append", "c", "p");
    await writer.line("acked", 10);
    await writer.kill();
    const node = open(dir).broker();
    const { head } = await node.read("c", ALL, KEEP);
    await node.append("c", [draft()], KEEP);
    const { epochs } = await node.read("c", ALL, KEEP);
    expect(epochs).toHaveLength(2);
    expect(epochs[1]?.base).toBe(head);
  });

  test("of a worker ends the presence of its members at once, and frees its leases", async () => {
    const dir = folder();
    const hub = open(dir);
    await hub.listen();
    const node = hub.broker();
    const child = await start("worker", dir);
    const ids = Array.from({ length: 1000 }, (_, i) => `m${i}`);
    child.do("join", "c", ...ids);
    await child.line("joined");
    await node.join("c", { id: "m0" }, "1");
    const changes: PresenceChange[] = [];
    await node.follow("c", watch(changes));
    expect((await node.members("c")).members).toHaveLength(1000);
    const killed = performance.now();
    await child.kill();
    await until("they have left", () => changes.flatMap(({ left }) => left).length >= 999);
    // A lease would be 5 seconds.
    expect(performance.now() - killed).toBeLessThan(4000);
    expect((await node.members("c")).members).toEqual([{ id: "m0" }]);
    expect((await node.nodes()).map(({ id }) => id)).toEqual([node.node]);
  });
});

test("a stopped worker is taken for dead after a lease, and is there again when it goes on", async () => {
  const dir = folder();
  const errors: unknown[] = [];
  const hub = open(dir, (error) => errors.push(error));
  await hub.listen();
  const node = hub.broker();
  const child = await start("worker", dir);
  child.do("join", "c", "ann");
  await child.line("joined");
  const changes: PresenceChange[] = [];
  await node.follow("c", watch(changes));
  child.signal("SIGSTOP");
  await until("it has left", () => changes.length === 1);
  expect(changes[0]?.left).toEqual([{ id: "ann" }]);
  expect(String(errors[0])).toContain(`worker ${child.pid} has been silent`);
  child.signal("SIGCONT");
  await until("it has come back", () => changes.length === 2);
  expect(changes[1]?.joined).toEqual([{ id: "ann" }]);
});

test("P22: an append that a writer finds when it goes on is not made, once its worker has answered that it is not there", async () => {
  const dir = folder();
  const writer = await start("writer", dir);
  const [node, other] = [await worker(dir, 1000), await worker(dir)];
  await node.append("c", [draft('"first"')], KEEP);
  writer.signal("SIGSTOP");
  const late = node.append("c", [draft('"late"')], KEEP);
  const inTime = other.append("c", [draft('"in time"')], KEEP);
  await expect(late).rejects.toMatchObject({ code: "unavailable" });
  writer.signal("SIGCONT");
  await inTime;
  // It has read all that there was for it.
  await node.append("c", [draft('"next"')], KEEP);
  expect((await node.read("c", ALL, KEEP)).entries.map(({ data }) => data)).toEqual([
    '"first"',
    '"in time"',
    '"next"',
  ]);
}, 30_000);

test("what a hint tells of can be read at once, in another process", async () => {
  const dir = folder();
  const hub = open(dir);
  await hub.listen();
  const node = hub.broker();
  const child = await start("worker", dir);
  child.do("chase", "c", 2000);
  await child.line("following");
  for (let i = 0; i < 1000; i++) await node.append("c", [draft(), draft()], KEEP);
  await child.line("chased");
  expect(child.said("chased")[0]).toEqual(["2000", "0"]);
});

test("a worker outlives its writer: calls fail as unavailable, and it goes on with the next one", async () => {
  const dir = folder();
  const first = await start("writer", dir);
  const node = await worker(dir, 1000);
  expect(node.durability).toBe("disk");
  const changes: PresenceChange[] = [];
  let resets = 0;
  const heard: unknown[] = [];
  await node.follow("c", {
    ...watch(changes, () => void resets++),
    onEntries: (hint) => heard.push(...hint.entries),
  });
  await node.join("c", { id: "ann" }, "1");
  const lease = await node.lease("room", 60_000);
  const once = draft("once");
  await node.append("c", [once], KEEP);
  await first.kill();
  await expect(node.append("c", [draft()], KEEP)).rejects.toMatchObject({ code: "unavailable" });
  expect((await node.read("c", ALL, KEEP)).entries).toHaveLength(1);
  await start("writer", dir);
  await until("it is told to look", () => resets === 1);
  expect(await node.append("c", [once], KEEP)).toMatchObject([{ duplicate: true }]);
  await node.append("c", [draft("again")], KEEP);
  await until("it hears", () => heard.length === 2);
  expect((await node.members("c")).members).toEqual([{ id: "ann" }]);
  expect(await lease?.renew()).toBe(false);
  expect((await node.nodes()).map(({ id }) => id)).toContain(node.node);
});

test("a directory that another process writes is refused by its name, and taken over when that one was killed", async () => {
  const dir = folder();
  const writer = await start("writer", dir);
  expect(() => createLocalHub({ dir })).toThrow(`process ${writer.pid} writes ${dir} already`);
  await writer.kill();
  open(dir);
});

test("without a writer a worker says so", async () => {
  await expect(localWorker({ dir: folder() })).rejects.toMatchObject({ code: "unavailable" });
});
