/**
 * The bytes of changes between a worker and its writer: drafts one way, what became of them and hints the other. The writer looks
 * into drafts, since it compares what slots hold with what they are to hold, and hints only what changes.
 */
import type { Key, Payload } from "../../contract.js";
import type {
  Change,
  Changed,
  ChangesDraft,
  ChangesEntry,
  Condition,
  SlotsKeeping,
  SlotsOptions,
} from "../../slots-contract.js";
import { keysIn } from "../packed-keys.js";
import { ByteReader, ByteWriter } from "./bytes.js";
import type { ChangesBatch } from "./disk-slots.js";

const META = 1;
const QUIET = 2;
const BARE = 4;
const REIGN = 8;

const BYTES = 1;
const DELETED = 2;
const TTL = 4;
/** Instead of a time to live: the one there is. */
const KEEP = -1;

/** What stands in drafts that came over the socket: the writer has their keys packed. */
const NO_KEY: Key = { scope: "", id: 0, print: 0 };

/**
 * A call of `change`: channel, options, keys and drafts.
 *
 * @param patience the milliseconds after which the whole call is too late
 */
export function packChanges(
  channel: string,
  { keys, drafts, within }: ChangesBatch,
  options: SlotsOptions,
  patience: number,
): Buffer {
  const writer = new ByteWriter().block(channel).block(JSON.stringify(options)).block(keys);
  writer.byte(within === undefined ? 0 : 1);
  // By how much each may not wait for as long as the whole: so it need not be known yet when that is sent.
  for (const ms of within ?? []) writer.number(Math.max(0, patience - ms));
  for (const draft of drafts) writeDraft(writer, draft);
  return writer.bytes;
}

/** @param left milliseconds that are left for the whole call */
export function readChanges(
  bytes: Buffer,
  at: number,
  left: number,
): { channel: string; batch: ChangesBatch; options: SlotsOptions } {
  const reader = new ByteReader(bytes, at);
  const channel = reader.text();
  const options = withoutEnds(JSON.parse(reader.text()) as SlotsOptions);
  const keys = reader.block();
  const count = keysIn(keys);
  const hasTimes = reader.byte() === 1;
  const within = hasTimes ? Array.from({ length: count }, () => left - reader.number()) : undefined;
  const drafts = Array.from({ length: count }, () => readDraft(reader));
  return { channel, batch: { keys, drafts, within }, options };
}

/** Options as they were before they became JSON, which has no number without an end. */
export function withoutEnds<Options extends SlotsOptions>(options: Options): Options {
  const { most, graves, keepFor } = options.keeping as JsonOf<SlotsKeeping>;
  const keeping: SlotsKeeping = {
    by: "slots",
    most: { count: most.count ?? Infinity, bytes: most.bytes ?? Infinity },
    graves: {
      ...(graves.count != null && { count: graves.count }),
      ...(graves.bytes != null && { bytes: graves.bytes }),
      ...(graves.age != null && { age: graves.age }),
    },
    ...(keepFor != null && { keepFor }),
  };
  return { ...options, keeping };
}

type JsonOf<T> = T extends number
  ? number | null
  : T extends object
    ? { readonly [Name in keyof T]: JsonOf<T[Name]> }
    : T;

const CONFLICT = -1;
const KEY_CONFLICT = -2;
const UNKNOWN = -3;
const FULL_COUNT = -4;
const FULL_BYTES = -5;
const AHEAD = -6;
const FENCED = -7;
/** Outcomes with an offset. */
const NEW = 0;
const DUPLICATE = 1;
const SAME = 2;

/** What became of drafts. */
export function packChanged(outcomes: readonly Changed[]): Buffer {
  const writer = new ByteWriter();
  for (const outcome of outcomes) {
    if ("offset" in outcome) {
      writer.number("same" in outcome ? SAME : outcome.duplicate ? DUPLICATE : NEW);
      writer.number(outcome.offset).block(outcome.epoch);
    } else writeError(writer, outcome);
  }
  return writer.bytes;
}

function writeError(writer: ByteWriter, outcome: Exclude<Changed, { readonly offset: number }>): void {
  switch (outcome.error) {
    case "conflict":
      writer.number(CONFLICT).block(outcome.at.epoch).number(outcome.at.offset).count(outcome.now.size);
      for (const [slot, data] of outcome.now) writeChange(writer, { slot, data });
      return;
    case "log_full":
      writer.number(outcome.limit === "count" ? FULL_COUNT : FULL_BYTES);
      return;
    case "key_conflict":
      writer.number(KEY_CONFLICT);
      return;
    case "outcome_unknown":
      writer.number(UNKNOWN);
      return;
    case "cursor_ahead":
      writer.number(AHEAD);
      return;
    case "fenced":
      writer.number(FENCED);
  }
}

export function readChanged(bytes: Buffer): Changed[] {
  const reader = new ByteReader(bytes);
  const outcomes: Changed[] = [];
  while (!reader.isAtEnd) outcomes.push(readOutcome(reader));
  return outcomes;
}

function readOutcome(reader: ByteReader): Changed {
  const kind = reader.number();
  switch (kind) {
    case NEW:
    case DUPLICATE:
      return { offset: reader.number(), epoch: reader.text(), duplicate: kind === DUPLICATE };
    case SAME:
      return { offset: reader.number(), epoch: reader.text(), duplicate: false, same: true };
    case CONFLICT: {
      const at = { epoch: reader.text(), offset: reader.number() };
      const now = reader.list(() => readChange(reader));
      return { error: "conflict", at, now: new Map(now.map(({ slot, data }) => [slot, data])) };
    }
    case KEY_CONFLICT:
      return { error: "key_conflict" };
    case FULL_COUNT:
      return { error: "log_full", limit: "count" };
    case FULL_BYTES:
      return { error: "log_full", limit: "bytes" };
    case AHEAD:
      return { error: "cursor_ahead" };
    case FENCED:
      return { error: "fenced" };
    default:
      return { error: "outcome_unknown" };
  }
}

/** Entries as followers are told of them. */
export function packEntries(entries: readonly ChangesEntry[]): Buffer {
  const writer = new ByteWriter();
  for (const { offset, prev, meta, changes } of entries) {
    writer.number(offset).number(prev);
    writer.byte((meta === undefined ? 0 : META) | (changes === undefined ? BARE : 0));
    if (meta !== undefined) writer.block(meta);
    if (changes !== undefined) writeList(writer, changes);
  }
  return writer.bytes;
}

/** They share no memory with `bytes`. */
export function unpackChangesEntries(bytes: Buffer): ChangesEntry[] {
  const reader = new ByteReader(bytes);
  const entries: ChangesEntry[] = [];
  while (!reader.isAtEnd) {
    const place = { offset: reader.number(), prev: reader.number() };
    const flags = reader.byte();
    const meta = flags & META ? { meta: reader.text() } : {};
    const changes = flags & BARE ? {} : { changes: reader.list(() => readChange(reader)) };
    entries.push({ ...place, ...changes, ...meta });
  }
  return entries;
}

function writeDraft(
  writer: ByteWriter,
  { meta, reign, quiet = false, changes, if: conditions = [] }: ChangesDraft,
): void {
  writer.byte((meta === undefined ? 0 : META) | (quiet ? QUIET : 0) | (reign === undefined ? 0 : REIGN));
  if (meta !== undefined) writer.block(meta);
  if (reign !== undefined) writer.block(reign);
  writeList(writer, changes);
  writer.count(conditions.length);
  for (const { slot, unchangedSince } of conditions) {
    const isCursor = typeof unchangedSince === "object";
    writer.block(slot).block(isCursor ? unchangedSince.epoch : unchangedSince);
    writer.number(isCursor ? unchangedSince.offset : -1);
  }
}

function readDraft(reader: ByteReader): ChangesDraft {
  const flags = reader.byte();
  const meta = flags & META ? { meta: reader.text() } : {};
  const reign = flags & REIGN ? { reign: reader.text() } : {};
  const changes = reader.list(() => readChange(reader));
  const conditions = reader.list((): Condition => {
    const [slot, text, offset] = [reader.text(), reader.text(), reader.number()];
    const unchangedSince = offset < 0 ? (text as "absent" | "due") : { epoch: text, offset };
    return { slot, unchangedSince };
  });
  const quiet = flags & QUIET ? { quiet: true } : {};
  return { key: NO_KEY, ...meta, ...reign, ...quiet, changes, if: conditions };
}

function writeList(writer: ByteWriter, changes: readonly Change[]): void {
  writer.count(changes.length);
  for (const change of changes) writeChange(writer, change);
}

function writeChange(writer: ByteWriter, { slot, data, ttl }: Change): void {
  const form = data === undefined ? DELETED : typeof data === "string" ? 0 : BYTES;
  writer.byte(form | (ttl === undefined ? 0 : TTL)).block(slot);
  if (ttl !== undefined) writer.number(ttl === "keep" ? KEEP : ttl);
  if (data !== undefined) writer.block(data);
}

function readChange(reader: ByteReader): Change {
  const flags = reader.byte();
  const slot = reader.text();
  const ttl = flags & TTL ? reader.number() : undefined;
  const life = ttl === undefined ? {} : { ttl: ttl === KEEP ? ("keep" as const) : ttl };
  return { slot, data: flags & DELETED ? undefined : payloadOf(reader, flags), ...life };
}

function payloadOf(reader: ByteReader, flags: number): Payload {
  return flags & BYTES ? new Uint8Array(reader.block()) : reader.text();
}
