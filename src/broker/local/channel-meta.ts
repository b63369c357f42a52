import type { Epoch } from "../contract.js";
import type { HeldReign } from "../log/reign.js";
import { packSlots, unpackSlots, type PackedSlots, type SlotsMeta } from "./slots/slots-meta.js";

/** What the disk holds of a channel besides its entries and keys. Times are wall time. */
export interface ChannelMeta {
  /** Its name in the other tables; never used again when the channel is dropped. */
  readonly number: number;
  /** Oldest first; the last one is being written. */
  readonly epochs: readonly Epoch[];
  /** Under which the last epoch was opened. */
  readonly incarnation: string;
  readonly head: number;
  /** Where the kept entries begin: the `prev` of the oldest. Older ones may be there still, to be erased. */
  readonly oldestPrev: number;
  /** How many entries, and bytes of payload and meta, are kept. */
  readonly count: number;
  readonly bytes: number;
  /** Of the last call's options. */
  readonly dedupe: number;
  readonly age: number | undefined;
  readonly usedAt: number;
  /** The younger generation of keys, and when it began. */
  readonly generation: number;
  readonly turnedAt: number;
  /** Who reigns over the log, or did last. */
  readonly reign?: HeldReign | undefined;
  /** Where the log is kept by slots; then `count` and `bytes` are those of what they hold. */
  readonly slots?: SlotsMeta;
}

/** As JSON with short names: a reader parses it once a read. */
export function packMeta(meta: ChannelMeta): Buffer {
  const {
    number,
    epochs,
    incarnation,
    head,
    oldestPrev,
    count,
    bytes,
    dedupe,
    age,
    usedAt,
    generation,
    turnedAt,
    reign,
    slots,
  } = meta;
  const e = epochs.map(({ epoch, base }) => [epoch, base]);
  return Buffer.from(
    JSON.stringify({
      n: number,
      e,
      i: incarnation,
      h: head,
      o: oldestPrev,
      c: count,
      b: bytes,
      d: dedupe,
      a: age,
      u: usedAt,
      g: generation,
      t: turnedAt,
      r: reign && [reign.token, reign.secret, reign.note, reign.ttl, reign.until],
      s: slots && packSlots(slots),
    }),
  );
}

/** What an earlier version has written may have an `f` besides, which says nothing now. */
interface Packed {
  n: number;
  e: [string, number][];
  i: string;
  h: number;
  o: number;
  c: number;
  b: number;
  d: number;
  a?: number;
  u: number;
  g: number;
  t: number;
  r?: [token: string, secret: string, note: string, ttl: number, until: number];
  s?: PackedSlots;
}

export function unpackMeta(bytes: Uint8Array): ChannelMeta {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  // Nobody but packMeta writes these.
  const packed = JSON.parse(text) as Packed;
  return {
    number: packed.n,
    epochs: packed.e.map(([epoch, base]) => ({ epoch, base })),
    incarnation: packed.i,
    head: packed.h,
    oldestPrev: packed.o,
    count: packed.c,
    bytes: packed.b,
    dedupe: packed.d,
    age: packed.a,
    usedAt: packed.u,
    generation: packed.g,
    turnedAt: packed.t,
    ...(packed.r && { reign: unpackReign(packed.r) }),
    ...(packed.s && { slots: unpackSlots(packed.s) }),
  };
}

function unpackReign([token, secret, note, ttl, until]: NonNullable<Packed["r"]>): HeldReign {
  return { token, secret, note, ttl, until };
}
