/** What a channel of keys is, as the broker has it. */
import type { Broker } from "tidemark/broker";
import { CHANNEL } from "./names.js";

const OPTIONS = {
  keeping: {
    by: "slots" as const,
    most: { count: 100_000, bytes: 64 * 1024 * 1024 },
    graves: { count: 10_000, age: 3_600_000 },
  },
  dedupe: 300_000,
};

/** Of a log at rest. */
export async function readKeys(broker: Broker): Promise<Map<string, unknown>> {
  const keys = new Map<string, unknown>();
  for (let after = 0; ;) {
    const page = await broker.readSlots?.(CHANNEL, { after, limit: 1000, bytes: 10_000_000 }, OPTIONS);
    const last = page?.entries.at(-1);
    for (const { changes = [] } of page?.entries ?? [])
      for (const { slot, data } of changes) if (data !== undefined) keys.set(slot, JSON.parse(String(data)));
    if (page === undefined || last === undefined || last.offset >= page.head) return keys;
    after = last.offset;
  }
}
