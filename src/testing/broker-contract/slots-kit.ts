import assert from "node:assert/strict";
import type {
  Broker,
  Change,
  Changed,
  ChangesDraft,
  ChangesEntry,
  ChangesHint,
  Payload,
  SlotsFrom,
  SlotsOptions,
  SlotsPage,
} from "../../broker/index.js";
import { LONG, recorder, type Recorder } from "./kit.js";

/** Keeps everything that a test changes. */
export const SLOTS: SlotsOptions = slotsOptions();

/** Options of a log by slots; what is left out is without limits. */
export function slotsOptions(
  keeping: {
    readonly count?: number;
    readonly bytes?: number;
    readonly graves?: SlotsOptions["keeping"]["graves"];
  } = {},
): SlotsOptions {
  const { count = 100_000, bytes = 100_000_000, graves = {} } = keeping;
  return { keeping: { by: "slots", most: { count, bytes }, graves }, dedupe: LONG };
}

let drafts = 0;

/** A draft with a key of its own, which sets slots and, where they are `undefined`, deletes them. */
export function changing(
  values: Readonly<Record<string, Payload | undefined>>,
  more: Partial<Omit<ChangesDraft, "changes">> & { readonly ttl?: Change["ttl"] } = {},
): ChangesDraft {
  const { ttl, ...rest } = more;
  const changes = Object.entries(values).map(([slot, data]): Change =>
    ttl === undefined || data === undefined ? { slot, data } : { slot, data, ttl },
  );
  return { key: { scope: "kit", id: `changes-${++drafts}`, print: 1 }, ...rest, changes };
}

/** One draft, and its only outcome. */
export async function change(
  broker: Broker,
  channel: string,
  draft: ChangesDraft,
  options = SLOTS,
): Promise<Changed> {
  const [outcome, ...others] = await changeAll(broker, channel, [draft], options);
  assert.equal(others.length, 0);
  return outcome ?? assert.fail("no outcome");
}

export async function changeAll(
  broker: Broker,
  channel: string,
  all: readonly ChangesDraft[],
  options = SLOTS,
): Promise<Changed[]> {
  return broker.change(channel, all, options);
}

/** Sets slots, and returns the place that they got. */
export async function set(
  broker: Broker,
  channel: string,
  values: Readonly<Record<string, Payload | undefined>>,
  options = SLOTS,
  ttl?: Change["ttl"],
): Promise<number> {
  const draft = changing(values, ttl === undefined ? {} : { ttl });
  return offsetOf(await change(broker, channel, draft, options));
}

/** The offset of an outcome that must have one. */
export function offsetOf(outcome: Changed): number {
  return "offset" in outcome ? outcome.offset : assert.fail(`expected an offset, not ${outcome.error}`);
}

export async function readSlots(
  broker: Broker,
  channel: string,
  from: SlotsFrom = { after: 0, limit: 100_000, bytes: 100_000_000 },
  options = SLOTS,
): Promise<SlotsPage> {
  return broker.readSlots(channel, from, options);
}

/** The names and values in entries, oldest change first. */
export function valuesOf({ entries }: { readonly entries: readonly ChangesEntry[] }): [string, unknown][] {
  return entries.flatMap(({ changes = [] }) =>
    changes.map(({ slot, data }): [string, unknown] => [slot, data]),
  );
}

/** The cursor that a page ends at. */
export function cursorOf({ epochs, head }: SlotsPage, offset = head): { epoch: string; offset: number } {
  return { epoch: epochs.at(-1)?.epoch ?? "", offset };
}

/** A follower that also notes what it is told of changes. */
export function changesRecorder(): Recorder & { readonly told: ChangesHint[]; all(): ChangesEntry[] } {
  const told: ChangesHint[] = [];
  return {
    ...recorder(),
    told,
    onChanges: (hint) => void told.push(hint),
    all: () => told.flatMap(({ entries }) => [...entries]),
  };
}
