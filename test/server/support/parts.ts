/** Messages of several parts as a client gets them that goes by docs/protocol.md. */
import { createHash } from "node:crypto";
import type { Line } from "./client.js";
import type { World } from "./engine.js";

/** So many bytes, of which no two parts are the same. */
export function payload(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i >> 10) * 31 + i * 7 + seed;
  return bytes;
}

/** What stands for bytes where many are compared: their number, and a digest. */
export function digestOf(bytes: Uint8Array): string {
  return `${bytes.length} bytes, ${createHash("sha1").update(bytes).digest("hex")}`;
}

export interface Whole {
  readonly ch: number;
  readonly offset: number;
  /** The payload; of bytes the digest. */
  readonly data: unknown;
  readonly from: unknown;
}

interface Meta {
  readonly from?: string;
  readonly bytes?: number;
  readonly part?: number;
  readonly more?: boolean;
}

/** What lines are, put together. */
export interface Assembled {
  readonly messages: readonly Whole[];
  /** Reasons for which messages in the middle were dropped. */
  readonly dropped: readonly string[];
  /** How many are in the middle at the end. */
  readonly open: number;
}

/**
 * Puts lines together.
 *
 * @throws {Error} at a part that is not the next, and at anything else of a channel within one of its messages
 */
export function assemble(lines: readonly Line[]): Assembled {
  const messages: Whole[] = [];
  const dropped: string[] = [];
  const open = new Map<number, { offset: number; from: unknown; parts: Uint8Array[] }>();
  for (const line of lines) {
    if (!Array.isArray(line)) {
      const { event, ch, reason } = line as { event?: string; ch?: number; reason?: string };
      if (event === "gap" && open.delete(ch ?? 0)) dropped.push(`gap ${reason}`);
      if (event === "unsubscribed" && open.delete(ch ?? 0)) dropped.push(event);
      continue;
    }
    const [ch, offset, data, meta = {}] = line as [number, number, unknown, Meta?];
    const begun = open.get(ch);
    const { part = 0, more = false, from } = meta;
    const of = part === 0 ? { offset, from, parts: [] } : begun;
    if (part === 0 && begun !== undefined) throw new Error(`${ch}:${offset} begins within another message`);
    if (of === undefined || of.offset !== offset || of.parts.length !== part)
      throw new Error(`part ${part} of ${ch}:${offset} is not the next`);
    if (part === 0 && !more) {
      messages.push({ ch, offset, data: data instanceof Uint8Array ? digestOf(data) : data, from });
      continue;
    }
    if (part > 0 && from !== undefined) throw new Error("what is said once was said again");
    of.parts.push(data as Uint8Array);
    if (more) open.set(ch, of);
    else {
      open.delete(ch);
      messages.push({ ch, offset, data: digestOf(Buffer.concat(of.parts)), from: of.from });
    }
  }
  return { messages, dropped, open: open.size };
}

/** Makes the node forget all payloads that go in parts. What is put in their place takes no memory before it is read. */
export function evict(world: World): void {
  const { large } = world.engine.node;
  for (const offset of [1, 2])
    large.put("elsewhere", "e", { offset, prev: 0, data: new Uint8Array(40 * 1024 * 1024) });
}
