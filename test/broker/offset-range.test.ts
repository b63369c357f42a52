/** Where offsets end: on every broker with a clock that a test can set; Redis' is in `redis/offset-range.test.ts`. */
import { afterEach, describe, expect, test } from "vitest";
import { createMemoryHub, type Broker, type Draft } from "../../src/broker/index.js";
import { createLocalHub } from "../../src/broker/local/index.js";
import { MAX_OFFSET, offsetAt, timeOf } from "../../src/protocol/index.js";
import { VirtualClock } from "../../src/testing/index.js";
import { freshFolder, removeFolder } from "./local/support/folders.js";

const KEEP = { keeping: { by: "entries" as const, retain: { count: 100_000 } }, dedupe: 1e15 };
const ALL = { after: 0, limit: 100_000, bytes: 1e9 };

const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

const BROKERS: Readonly<Record<string, (clock: VirtualClock) => Broker>> = {
  memory: (clock) => createMemoryHub({ clock }).broker(),
  local(clock) {
    const dir = freshFolder();
    const hub = createLocalHub({ dir, clock });
    cleanUp.push(async () => {
      await hub.close();
      removeFolder(dir);
    });
    return hub.broker();
  },
};

function drafts(count: number, name: string): Draft[] {
  return Array.from({ length: count }, (_, i) => ({
    data: `"${name} ${i}"`,
    key: { scope: "s", id: `${name} ${i}`, print: 0 },
  }));
}

for (const [name, open] of Object.entries(BROKERS)) {
  describe(`offsets of ${name}`, () => {
    test(`L19: an append under a clock beyond the end of offsets is refused, and the log goes on when it is right (${name})`, async () => {
      const clock = new VirtualClock();
      const node = open(clock);
      await node.append("c", drafts(2, "before"), KEEP);
      const before = await node.read("c", ALL, KEEP);
      const wrong = Date.UTC(2096, 0, 1) - clock.now();
      clock.jump(wrong);
      for (const channel of ["c", "new"]) {
        await expect(node.append(channel, drafts(1, "beyond"), KEEP)).rejects.toMatchObject({
          code: "unavailable",
          message: expect.stringContaining("no offset is left") as string,
        });
      }
      expect(await node.read("c", ALL, KEEP)).toEqual(before);
      clock.jump(-wrong);
      const [next] = await node.append("c", drafts(1, "beyond"), KEEP);
      expect(next).toEqual({ offset: before.head + 1, duplicate: false });
    });

    test(`L19: what has the last offsets is read, and stays; a retry is answered with them (${name})`, async () => {
      const clock = new VirtualClock();
      const node = open(clock);
      clock.jump(timeOf(MAX_OFFSET) - clock.now());
      const left = MAX_OFFSET - offsetAt(timeOf(MAX_OFFSET));
      const last = drafts(left, "last");
      const outcomes = await node.append("c", last.slice(0, -1), KEEP);
      // All of a batch or nothing of it.
      await expect(node.append("c", drafts(2, "both"), KEEP)).rejects.toMatchObject({ code: "unavailable" });
      outcomes.push(...(await node.append("c", last.slice(-1), KEEP)));
      expect(outcomes.at(-1)).toEqual({ offset: MAX_OFFSET - 1, duplicate: false });
      await expect(node.append("c", drafts(1, "none"), KEEP)).rejects.toMatchObject({ code: "unavailable" });
      expect(await node.append("c", last.slice(-3), KEEP)).toEqual(
        outcomes.slice(-3).map((outcome) => ({ ...outcome, duplicate: true })),
      );
      const page = await node.read("c", ALL, KEEP);
      expect(page.entries.map(({ data }) => data)).toEqual(last.map(({ data }) => data));
      const back = await node.read("c", { before: MAX_OFFSET, limit: 1, bytes: 1e6 }, KEEP);
      expect(back.entries.map(({ offset }) => offset)).toEqual([MAX_OFFSET - 1]);
    });
  });
}
