/** Looking back, over real sockets. */
import { describe, expect, it } from "vitest";
import { offsetAt, timeOf } from "../../src/protocol/index.js";
import { stream } from "../../src/server/index.js";
import type { Line } from "./support/client.js";
import { World } from "./support/engine.js";
import { say, setup } from "./support/chat.js";
import { code } from "./support/answers.js";

describe("history", () => {
  const payloads = (page: Record<string, unknown>): unknown[] =>
    (page["entries"] as unknown[][]).map((entry) => entry[1]);

  it("L7, L8, L11: pages in both directions put together are the log", async () => {
    const { app, client } = await setup();
    await say(app, "chat/a", 1, 25);
    const all = Array.from({ length: 25 }, (_, i) => i + 1);
    for (const limit of [1, 7, 24, 25, 26, 1000]) {
      let back: unknown[] = [];
      let before: unknown;
      for (;;) {
        const page = await client.ask({ history: "chat/a", limit, ...(before !== undefined && { before }) });
        back = [...payloads(page), ...back];
        before = (page["entries"] as unknown[][])[0]?.[0];
        expect(page["complete"]).toBe(true);
        if (page["more"] === false) break;
      }
      expect(back).toEqual(all);
      const forth: unknown[] = [];
      let after: unknown = 0;
      for (;;) {
        const page = await client.ask({ history: "chat/a", limit, after });
        forth.push(...payloads(page));
        after = (page["entries"] as unknown[][]).at(-1)?.[0];
        expect(page["complete"]).toBe(true);
        if (page["more"] === false) break;
      }
      expect(forth).toEqual(all);
    }
  });

  it("L7: 50 unless it says otherwise, and about 32 KiB, but at least one", async () => {
    const { app, client } = await setup();
    await say(app, "chat/a", 1, 60);
    expect(payloads(await client.ask({ history: "chat/a" }))).toHaveLength(50);
    for (let i = 0; i < 5; i++) await app.publishTo("chat/b", `${i}`.padEnd(20_000, "."));
    const page = await client.ask({ history: "chat/b" });
    expect(payloads(page).map((text) => parseInt(text as string))).toEqual([4]);
    expect(page).toMatchObject({ more: true, complete: true });
    await app.publishTo("chat/c", "x".repeat(65_000));
    expect(payloads(await client.ask({ history: "chat/c" }))).toHaveLength(1);
  });

  it("L8, L9: says what was trimmed", async () => {
    const { app, client } = await setup();
    const offsets = await say(app, "few/a", 1, 5);
    const ask = async (more: Record<string, unknown>): Promise<unknown[]> => {
      const page = await client.ask({ history: "few/a", ...more });
      return [payloads(page), page["complete"], page["more"]];
    };
    expect(await ask({})).toEqual([[3, 4, 5], false, false]);
    expect(await ask({ limit: 3 })).toEqual([[3, 4, 5], true, false]);
    expect(await ask({ limit: 2 })).toEqual([[4, 5], true, true]);
    expect(await ask({ before: offsets[2] })).toEqual([[], false, false]);
    expect(await ask({ before: offsets[0] })).toEqual([[], false, false]);
    expect(await ask({ after: 0 })).toEqual([[3, 4, 5], false, false]);
    expect(await ask({ after: offsets[1] })).toEqual([[3, 4, 5], true, false]);
    expect(await ask({ after: offsets[1], limit: 1 })).toEqual([[3], true, true]);
    expect(await ask({ after: offsets[4] })).toEqual([[], true, false]);
    expect(await ask({ since: 0 })).toEqual([[3, 4, 5], false, false]);
    expect(await ask({ since: timeOf(offsets[4] ?? 0) + 1000 })).toEqual([[], true, false]);
  });

  it("L9: of a new log there is all; of one that keeps nothing there is nothing", async () => {
    const { app, client } = await setup();
    expect(await client.ask({ history: "chat/new" })).toEqual({ entries: [], complete: true, more: false });
    expect(await client.ask({ history: "live/new" })).toEqual({ entries: [], complete: true, more: false });
    await say(app, "live/a", 1, 1);
    expect(await client.ask({ history: "live/a" })).toEqual({ entries: [], complete: false, more: false });
  });

  it("L4: by age, what is too old is not read any more", async () => {
    const world = new World({ "chat/:id": stream({ retain: { for: "10s" } }) });
    await world.append("chat/a", "1");
    await world.clock.advance(6000);
    await world.append("chat/a", "2");
    await world.clock.advance(6000);
    const peer = await world.connect();
    expect(await peer.ask({ history: "chat/a" })).toMatchObject({
      entries: [[expect.any(Number), 2]],
      complete: false,
      more: false,
    });
  });

  it("W5: bytes come behind the answer, in the order of the entries", async () => {
    const { app, client } = await setup();
    await app.publishTo("chat/a", new Uint8Array([1, 2, 3]));
    await app.publishTo("chat/a", "text");
    await app.publishTo("chat/a", new Uint8Array([10, 10]));
    client.send({ id: 1, history: "chat/a" });
    const line = (await client.take((one) => "id" in one)) as {
      ok: { entries: unknown[][] };
      bytes: number;
      content: Uint8Array;
    };
    expect(line.ok.entries.map((entry) => entry.slice(1))).toEqual([
      [null, { bytes: 3 }],
      ["text"],
      [null, { bytes: 2 }],
    ]);
    expect([line.bytes, [...line.content]]).toEqual([5, [1, 2, 3, 10, 10]]);
  });

  it("W3, W4: messages with bytes and without, in one turn", async () => {
    const { app, client } = await setup();
    const { ch } = await client.ask({ subscribe: "chat/a" });
    await Promise.all([
      app.publishTo("chat/a", { text: "€" }),
      app.publishTo("chat/a", new Uint8Array([10, 0, 255])),
      app.publishTo("chat/a", new Uint8Array(0)),
      app.publishTo("chat/a", "last"),
    ]);
    const [one, two, three, four] = await client.payloads(ch, 4);
    expect([one, [...(two as Uint8Array)], [...(three as Uint8Array)], four]).toEqual([
      { text: "€" },
      [10, 0, 255],
      [],
      "last",
    ]);
  });

  it("L10: needs no subscription, and is not for transients", async () => {
    const { client } = await setup();
    expect(code(await client.ask({ history: "now/a" }))).toBe("wrong_kind");
  });

  it("F13: large answers go out one after the other, when there is room", async () => {
    const world = new World({ "chat/:id": stream({ retain: { count: 1000 } }) });
    for (let i = 0; i < 30; i++) await world.append("chat/a", `"${"x".repeat(1000)}"`);
    const peer = await world.connect();
    peer.stuck = true;
    for (let id = 0; id < 50; id++) peer.send({ id, history: "chat/a", limit: 30 });
    await world.clock.settle();
    expect(peer.unsent).toBeLessThanOrEqual(128 * 1024);
    for (let round = 0; round < 60; round++) {
      peer.drain();
      await world.clock.settle();
    }
    expect(peer.lines.map((line: Line) => ("id" in line ? line.id : undefined))).toEqual(
      Array.from({ length: 50 }, (_, id) => id),
    );
    expect(peer.mostUnsent).toBeLessThanOrEqual(128 * 1024);
  });

  it("L2: an offset tells its time", async () => {
    const { app } = await setup();
    const before = Date.now();
    const [offset = 0] = await say(app, "chat/a", 1, 1);
    expect(offset).toBeGreaterThanOrEqual(offsetAt(before));
    expect(timeOf(offset)).toBeLessThanOrEqual(Date.now());
  });
});
