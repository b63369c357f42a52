/** The log as the broker has it, as events of a history. */
import type { Broker, Page } from "tidemark/broker";
import type { HistoryEvent } from "tidemark/testing";
import { messageId } from "./account.js";
import type { Body } from "./crowd.js";

const OPTIONS = { keeping: { by: "entries" as const, retain: { count: 1_000_000 } }, dedupe: 300_000 };

/** What is in a log after an offset, oldest first: each an append at `time`. */
export async function readTruth(
  broker: Broker,
  channel: string,
  time: number,
  after = 0,
): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for (let at = after; ;) {
    const page = await broker.read(channel, { after: at, limit: 1000, bytes: 10_000_000 }, OPTIONS);
    for (const { offset, prev, data } of page.entries) {
      const [publisher, sequence] = JSON.parse(String(data)) as Body;
      const id = messageId(publisher, sequence);
      events.push({ time, is: "append", channel, epoch: epochOf(page, offset), offset, prev, id });
    }
    const last = page.entries.at(-1);
    if (last === undefined || last.offset >= page.head) return events;
    at = last.offset;
  }
}

/** The epoch that an entry is in: the last one that began before it. */
function epochOf({ epochs }: Page, offset: number): string {
  return epochs.findLast(({ base }) => base < offset)?.epoch ?? "?";
}
