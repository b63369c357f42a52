import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { BrokerError, type Broker, type Draft, type Entry } from "../../../src/broker/index.js";
import { createLocalHub, localWorker, type LocalHub } from "../../../src/broker/local/index.js";
import { smallDisk, type SmallDisk } from "./support/small-disk.js";

const KEEP = { keeping: { by: "entries" as const, retain: { count: 100_000 } }, dedupe: 60_000 };
const ALL = { after: 0, limit: 100_000, bytes: 1e9 };
/** So large that it needs room of its own. */
const LARGE = JSON.stringify("x".repeat(20_000));

const probe = smallDisk(64);
probe?.remove();
process.stderr.write(
  probe === undefined
    ? "full disk: mounting is not allowed here, so the tests on a real one are left out\n"
    : "full disk: on a tmpfs\n",
);

const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  // Whatever fails of it, the disk is unmounted.
  await settle(cleanUp.splice(0).toReversed());
});

/** All steps, one after the other; then what the first that failed said. */
async function settle(steps: readonly (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function disk(): SmallDisk {
  const small = smallDisk(2048);
  if (small === undefined) throw new Error("it could be mounted before");
  cleanUp.push(() => small.remove());
  return small;
}

function open(small: SmallDisk): { hub: LocalHub; node: Broker; said: string[] } {
  const said: string[] = [];
  const hub = createLocalHub({
    dir: join(small.dir, "data"),
    onError: (error) => void said.push((error as Error).message),
  });
  cleanUp.push(() => hub.close());
  return { hub, node: hub.broker(), said };
}

let keys = 0;
function draft(data: string): Draft {
  return { data, key: { scope: "s", id: `${++keys}`, print: 0 } };
}

/** Appends until the disk refuses, and says what was acknowledged. */
async function fillUp(node: Broker): Promise<number[]> {
  const acknowledged: number[] = [];
  for (let i = 0; i < 1000; i++) {
    try {
      const [outcome] = await node.append("c", [draft(LARGE)], KEEP);
      if (outcome !== undefined && "offset" in outcome) acknowledged.push(outcome.offset);
    } catch (error) {
      expect(error).toBeInstanceOf(BrokerError);
      expect(error).toMatchObject({ code: "unavailable" });
      return acknowledged;
    }
  }
  throw new Error("the disk was never full");
}

async function offsets(node: Broker): Promise<number[]> {
  return (await node.read("c", ALL, KEEP)).entries.map(({ offset }) => offset);
}

describe.skipIf(probe === undefined)("a full disk", () => {
  test("A53: is unavailable for what writes, and nothing else, and is over by itself", async () => {
    const small = disk();
    const { hub, node, said } = open(small);
    await hub.listen();
    const worker = await localWorker({ dir: join(small.dir, "data") });
    cleanUp.push(() => worker.close());
    const [told, signals]: [Entry[], string[]] = [[], []];
    await worker.follow("c", {
      onEntries: ({ entries }) => void told.push(...entries),
      onSignals: (all) => void signals.push(...all.map(({ data }) => String(data))),
      onPresence() {},
      onReset() {},
    });
    await node.append("c", [draft('"first"')], KEEP);
    small.fill();
    const acknowledged = await fillUp(node);
    // Those of other processes fail the same way, and what needs no room goes on.
    await expect(worker.append("c", [draft(LARGE)], KEEP)).rejects.toMatchObject({ code: "unavailable" });
    await expect(node.append("c", [draft(LARGE)], KEEP)).rejects.toMatchObject({ code: "unavailable" });
    expect((await offsets(node)).slice(1)).toEqual(acknowledged);
    expect((await offsets(worker)).slice(1)).toEqual(acknowledged);
    await node.signal("c", [{ data: "alive", slot: "" }]);
    await node.join("c", { id: "ann" }, "1");
    expect((await worker.members("c")).members).toEqual([{ id: "ann" }]);
    expect(signals).toEqual(["alive"]);
    expect(said).toEqual([
      expect.stringMatching(/the disk takes nothing that is written to .*data, where \d+ bytes are free/),
    ]);
    small.empty();
    const [last] = await worker.append("c", [draft(LARGE)], KEEP);
    await worker.append("c", [draft('"after"')], KEEP);
    expect(said.slice(1)).toEqual([expect.stringMatching(/the disk takes what is written to .*data again/)]);
    const page = await node.read("c", ALL, KEEP);
    expect(page.epochs).toHaveLength(1);
    expect(page.entries.map(({ offset }) => offset).slice(1, -1)).toEqual([
      ...acknowledged,
      (last as { offset: number }).offset,
    ]);
    expect(told.map(({ offset }) => offset)).toEqual(page.entries.map(({ offset }) => offset));
  });

  test("A54: does not keep a server from starting: it reads, and writes when there is room, in the same epoch", async () => {
    const small = disk();
    const first = open(small);
    await first.node.append("c", [draft('"a"'), draft('"b"')], KEEP);
    const before = await first.node.read("c", ALL, KEEP);
    small.fill();
    // Neither can the end be written down.
    await first.hub.close();
    const { hub, node, said } = open(small);
    await hub.listen();
    const worker = await localWorker({ dir: join(small.dir, "data") });
    cleanUp.push(() => worker.close());
    expect(await node.read("c", ALL, KEEP)).toEqual(before);
    expect(await worker.read("c", ALL, KEEP)).toEqual(before);
    expect(said).toEqual([
      expect.stringContaining("publishes fail as unavailable until it does, reads go on"),
    ]);
    await expect(worker.append("c", [draft(LARGE)], KEEP)).rejects.toMatchObject({ code: "unavailable" });
    await expect(node.append("c", [draft('"small"')], KEEP)).rejects.toMatchObject({ code: "unavailable" });
    expect(said).toHaveLength(1);
    small.empty();
    await worker.append("c", [draft('"c"')], KEEP);
    const page = await node.read("c", ALL, KEEP);
    expect(page.epochs).toEqual(before.epochs);
    expect(page.entries.map(({ data }) => data)).toEqual(['"a"', '"b"', '"c"']);
    expect(said.slice(1)).toEqual([expect.stringContaining("again")]);
    await hub.close();
    // What it takes to open it at all is no reason to end either.
    small.fill();
    rmSync(join(small.dir, "data", "lock.mdb"));
    small.fill();
    expect(() => open(small)).toThrow(/lock\.mdb is missing and cannot be written: .*ENOSPC/);
    small.empty();
    const third = open(small);
    await third.node.append("c", [draft('"d"')], KEEP);
    expect((await third.node.read("c", ALL, KEEP)).epochs).toEqual(before.epochs);
  });
});
