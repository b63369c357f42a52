import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { open as openLmdb } from "lmdb";
import { describe, expect, test } from "vitest";
import { ONLY_IF_KNOWN, type Draft, type LogOptions } from "../../../src/broker/contract.js";
import { openForReading } from "../../../src/broker/local/environment.js";
import { FORMAT } from "../../../src/broker/local/format.js";
import { createLocalHub, type LocalHub } from "../../../src/broker/local/index.js";
import { readSlots, set, valuesOf } from "../../../src/testing/broker-contract/slots-kit.js";
import { cleanUp, folder } from "./support/scene.js";

const ALL = { after: 0, limit: 1000, bytes: 1e9 };
const LONG = 1e12;
const KEEP: LogOptions = { keeping: { by: "entries", retain: { count: 20 } }, dedupe: LONG };
const AGED: LogOptions = { keeping: { by: "entries", retain: { age: LONG } }, dedupe: LONG };
const NONE: LogOptions = { keeping: { by: "entries" }, dedupe: LONG };

function open(dir: string): LocalHub {
  const hub = createLocalHub({ dir });
  cleanUp.push(() => hub.close());
  return hub;
}

function draft(id: number | string, data = `"${id}"`): Draft {
  return { data, key: { scope: "ann", id, print: 1 } };
}

/** The folder that `data/make-folder.mjs` made; as it was left there, or as one that was put back. */
function formatOne(isAsLeft: boolean): string {
  const root = folder();
  execFileSync("tar", ["-C", root, "-xzf", join(import.meta.dirname, "data/folder-format-1.tar.gz")]);
  const dir = join(root, "folder");
  const file = join(dir, "life.json");
  const { birth: _, ...life } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const { ino: inode } = statSync(join(dir, "data.mdb"));
  if (isAsLeft) writeFileSync(file, JSON.stringify({ ...life, inode }));
  return dir;
}

/** What a folder says of its format: beside the data, and in it. */
async function saidBy(dir: string): Promise<unknown[]> {
  const { format, since } = JSON.parse(readFileSync(join(dir, "life.json"), "utf8")) as Record<
    string,
    unknown
  >;
  const env = openForReading(dir);
  const said = env.about.getBinary(Buffer.from("format"));
  await env.root.close();
  return [{ format, since }, said && (JSON.parse(Buffer.from(said).toString()) as unknown)];
}

/** What the data says of a channel, as it is written there. */
async function metaOf(dir: string, channel: string): Promise<unknown> {
  const env = openForReading(dir);
  const bytes = env.channels.getBinary(Buffer.from(channel)) ?? Uint8Array.of();
  const meta: unknown = JSON.parse(Buffer.from(bytes).toString());
  await env.root.close();
  return meta;
}

/** Has the data of a folder say another format. */
async function say(dir: string, text: string): Promise<void> {
  const bytes = { encoding: "binary", keyEncoding: "binary" } as const;
  const root = openLmdb<Uint8Array, Uint8Array>(dir, { ...bytes, noSubdir: false });
  const about = root.openDB<Uint8Array, Uint8Array>("about", bytes);
  await about.put(Buffer.from("format"), Buffer.from(text));
  await root.close();
}

describe("a folder of the format before", () => {
  for (const isAsLeft of [true, false]) {
    test(`is opened, read and appended to, ${isAsLeft ? "as it was left" : "put back from elsewhere"}, and is of this one then`, async () => {
      const dir = formatOne(isAsLeft);
      expect(await saidBy(dir)).toEqual([{ format: 1, since: undefined }, undefined]);
      expect(await metaOf(dir, "chat/fenced")).toMatchObject({ c: 1, f: "token" });
      const hub = open(dir);
      const node = hub.broker();
      const before = await node.read("chat/kept", ALL, KEEP);
      expect(before.entries.map(({ data }) => data)).toEqual([
        ...Array.from({ length: 18 }, (_, i) => `"${i + 13}"`),
        '"text"',
        Uint8Array.of(0, 1, 255),
      ]);
      expect(before.entries[18]?.meta).toBe('{"from":"ann"}');
      // Keys are known, in channels that keep nothing, too.
      const known = { ...draft("text", '"text"'), within: ONLY_IF_KNOWN };
      expect(await node.append("chat/kept", [known], KEEP)).toEqual([
        { offset: before.entries[18]?.offset, duplicate: true },
      ]);
      expect(await node.append("transient", [draft(2)], NONE)).toMatchObject([{ duplicate: true }]);
      // What that version called a fence keeps nobody out.
      expect(await node.append("chat/fenced", [draft(2)], KEEP)).toMatchObject([{ duplicate: false }]);
      for (const [channel, options] of [
        ["chat/kept", KEEP],
        ["chat/aged", AGED],
      ] as const) {
        await node.append(channel, [draft(50)], options);
        const page = await node.read(channel, ALL, options);
        expect(page.entries.at(-1)).toMatchObject({ data: '"50"', prev: page.entries.at(-2)?.offset });
        expect(page.epochs).toHaveLength(isAsLeft ? 1 : 2);
      }
      await set(node, "state", { a: "1" });
      await hub.close();
      expect(await saidBy(dir)).toEqual([FORMAT, FORMAT]);
      const fenced = await metaOf(dir, "chat/fenced");
      expect(fenced).toMatchObject({ c: 2 });
      expect(fenced).not.toHaveProperty("f");
      const next = open(dir).broker();
      expect((await next.read("chat/kept", ALL, KEEP)).entries).toHaveLength(20);
      expect(valuesOf(await readSlots(next, "state"))).toEqual([["a", "1"]]);
    });
  }
});

describe("a folder of a newer format", () => {
  const newer = { format: FORMAT.format + 1, since: "7.1.0" };

  test("is refused by what stands beside the data, before that is touched, and says who reads it", async () => {
    const dir = folder();
    await open(dir).close();
    const file = join(dir, "life.json");
    const text = JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), ...newer });
    writeFileSync(file, text);
    expect(() => createLocalHub({ dir })).toThrow(
      `life.json has format ${newer.format}, which Tidemark 7.1.0 and later read; this version reads formats up to ${FORMAT.format}`,
    );
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(existsSync(join(dir, "life.lock"))).toBe(false);
  });

  test("is refused by what the data itself says, to who writes and to who reads", async () => {
    const dir = folder();
    await open(dir).close();
    await say(dir, JSON.stringify(newer));
    const sentence = `the data in ${dir} has format ${newer.format}, which Tidemark 7.1.0 and later read`;
    expect(() => createLocalHub({ dir })).toThrow(sentence);
    expect(() => openForReading(dir)).toThrow(sentence);
    // Nothing is left behind of the try.
    await say(dir, JSON.stringify(FORMAT));
    await set(open(dir).broker(), "c", { a: "1" });
  });
});

test("this version reads the format that it writes", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(FORMAT.since.localeCompare(version, "en", { numeric: true })).toBeLessThanOrEqual(0);
});
