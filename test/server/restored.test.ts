/** A server on a folder of which only its subscribers know that it is from an earlier time. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Broker, Page } from "../../src/broker/index.js";
import { createLocalHub, localWorker, type LocalHub } from "../../src/broker/local/index.js";
import { stream, tidemark } from "../../src/server/index.js";
import { freshFolder, removeFolder } from "../broker/local/support/folders.js";
import { Client } from "./support/client.js";
import { quiet, serve } from "./support/serve.js";

const KEEP = { keeping: { by: "entries" as const, retain: { count: 1000 } }, dedupe: 300_000 };
const ALL = { after: 0, limit: 1000, bytes: 1e9 };

let keys = 0;
function append(broker: Broker, channel: string, data: string): Promise<unknown> {
  return broker.append(channel, [{ data, key: { scope: "s", id: `${++keys}`, print: 0 } }], KEEP);
}

/** A hub on a folder that lacks the last two messages of `a/1`, and how it was before; nothing inside tells. */
async function snapshot(said: string[]): Promise<{ dir: string; hub: LocalHub; lost: Page }> {
  const folder = freshFolder();
  const dir = join(folder, "data");
  const first = createLocalHub({ dir });
  for (const data of ["1", "2"]) await append(first.broker(), "a/1", data);
  await append(first.broker(), "a/2", "1");
  await first.close();
  cpSync(dir, join(folder, "backup"), { recursive: true });
  const second = createLocalHub({ dir });
  for (const data of ["3", "4"]) await append(second.broker(), "a/1", data);
  const lost = await second.broker().read("a/1", ALL, KEEP);
  await second.close();
  writeFileSync(join(dir, "data.mdb"), readFileSync(join(folder, "backup", "data.mdb")));
  // What an earlier version wrote knows no more of the file than its inode: as good as a snapshot of the whole disk.
  const { format, incarnation, sync, clean, boot, inode, pid, started } = JSON.parse(
    readFileSync(join(dir, "life.json"), "utf8"),
  ) as Record<string, unknown>;
  const old = { format, incarnation, sync, clean, boot, inode, pid, started };
  writeFileSync(join(dir, "life.json"), JSON.stringify(old));
  const hub = createLocalHub({ dir, onError: (error) => void said.push((error as Error).message) });
  onTestFinished(async () => {
    await hub.close();
    removeFolder(folder);
  });
  return { dir, hub, lost };
}

/** A client that comes back with this cursor, and what it is told. */
async function comeBack(url: string, channel: string, cursor: string): Promise<Client> {
  const client = new Client(url);
  onTestFinished(() => client.socket.terminate());
  await client.until(() => (client.socket.readyState === 1 ? true : undefined));
  await client.ask({ connect: {} });
  await client.ask({ subscribe: channel, cursor });
  return client;
}

const isGap = (line: unknown): boolean => JSON.stringify(line).includes('"reason":');

for (const way of ["its own process", "a worker"] as const) {
  test(`L15: a cursor beyond the head of a folder that was just opened opens a new epoch, once (${way})`, async () => {
    const said: string[] = [];
    const { dir, hub, lost } = await snapshot(said);
    await hub.listen();
    const broker = way === "a worker" ? await localWorker({ dir }) : hub.broker();
    onTestFinished(() => broker.close());
    const { url } = await serve(
      tidemark({ ...quiet, broker }).channels({ "a/:id": stream({ retain: { count: 1000 } }) }),
    );
    const epoch = lost.epochs[0]?.epoch ?? "";
    const head = lost.entries[1]?.offset ?? 0;
    const behind = await comeBack(url, "a/1", `${epoch}:${lost.entries[0]?.offset}`);
    const beyond = await comeBack(url, "a/1", `${epoch}:${lost.head}`);
    // It is told on its own way: an answer that comes after it shows that it has come.
    await broker.members("a/1");
    await append(broker, "a/1", "5");
    const page = await broker.read("a/1", ALL, KEEP);
    expect(page.epochs).toEqual([lost.epochs[0], { epoch: page.epochs[1]?.epoch, base: head }]);
    const gaps = await Promise.all([behind.take(isGap), beyond.take(isGap)]);
    const next = page.epochs[1]?.epoch;
    expect(JSON.stringify(gaps[0])).toContain(
      JSON.stringify({ after: head, until: head, epoch: next, reason: "failover" }).slice(1, -1),
    );
    expect(JSON.stringify(gaps[1])).toContain('"reason":"rollback"');
    expect(said).toEqual([expect.stringContaining(`a subscriber of a/1 has seen offset ${lost.head}`)]);
    // Another one of the kind may be made up.
    await comeBack(url, "a/1", `${next}:${page.head + 1}`);
    await broker.members("a/1");
    await append(broker, "a/1", "6");
    expect((await broker.read("a/1", ALL, KEEP)).epochs).toHaveLength(2);
    expect(said).toHaveLength(1);
  });
}

test("L15: cursors of long after the opening, of another epoch, and of what was trimmed are no sign of it", async () => {
  const said: string[] = [];
  const { hub, lost } = await snapshot(said);
  const broker = hub.broker();
  const { url } = await serve(
    tidemark({ ...quiet, broker }).channels({ "a/:id": stream({ retain: { count: 2 } }) }),
  );
  const epoch = lost.epochs[0]?.epoch ?? "";
  for (const data of ["5", "6", "7"])
    await broker.append("a/1", [{ data, key: { scope: "s", id: `${++keys}`, print: 0 } }], {
      ...KEEP,
      keeping: { by: "entries", retain: { count: 2 } },
    });
  for (const cursor of [
    `${epoch}:${2 ** 53 - 1}`,
    `other:${lost.head}`,
    `${epoch}:1`,
    `${epoch}:${lost.entries[0]?.offset}`,
  ])
    await comeBack(url, "a/1", cursor);
  await comeBack(url, "a/never", `${epoch}:${lost.head}`);
  await append(broker, "a/1", "8");
  expect((await broker.read("a/1", ALL, KEEP)).epochs).toEqual(lost.epochs);
  expect(said).toEqual([]);
});
