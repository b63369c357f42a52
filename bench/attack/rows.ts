/** The rows of the table: an attack, what it is in words, and what it may cost in memory while it lasts. */
import type { AppOptions } from "tidemark";
import type { AttackName } from "./attacks.js";

export interface Attacked {
  readonly what: string;
  /** Bytes that the server may hold more than before, and how that comes about. */
  readonly bound: { readonly bytes: number; readonly formula: string };
  /** Whether keys are remembered for as long as the dedupe window, which is a promise. */
  readonly remembers?: boolean;
  /** Bytes that channels keep of it by their `retain`, which is a promise as well; they are held afterwards. */
  readonly keeps?: number;
  readonly limits?: AppOptions<null>["limits"];
  readonly redis?: boolean;
  /** Why the row may not hold, said where it does not. */
  readonly why?: string;
  /** Keys that Redis may have more than before, once all is over. */
  readonly keys?: number;
}

const KB = 1024;
const MB = 1024 * 1024;
/** Why what an attack brings to life, or leaves behind, holds a bystander up although no turn of the event loop is long. */
const COLLECTED =
  "what comes into being so fast is moved by V8's collections, of which the longest alone takes what is allowed";
/** Why a server that is all but busy holds a bystander up. */
const BUSY =
  "a message waits for two turns of the event loop: 3 ms of commands and 4 ms of writing each, and what Node reads between them";
/** What heap and buffers vary by anyway, in MiB. */
const SLACK = 8;

function bound(count: number, kib: number, more = 0): Attacked["bound"] {
  const each = count === 0 ? "" : `${count.toLocaleString("en")} × ${kib} KiB + `;
  return { bytes: count * kib * KB + (more + SLACK) * MB, formula: `${each}${more + SLACK} MiB` };
}

export const ROWS: Readonly<Record<AttackName, Attacked>> = {
  "partial-frames": {
    what: "1,000 connections, each with 129 KB of a frame that goes on no more, before connect",
    bound: bound(1000, 128 + 8),
  },
  "partial-echo": {
    what: "400 × 990 KB of a frame that goes on no more, on /echo",
    bound: bound(400, 8, 16),
  },
  fragments: { what: "300 × 16,000 fragments of a byte", bound: bound(300, 128 + 8) },
  "empty-fragments": { what: "300 × 16,000 empty fragments", bound: bound(300, 8) },
  "byte-segments": { what: "20 × a frame that comes a byte a segment", bound: bound(20, 128 + 8) },
  unread: {
    what: "1,000 that never read, each asking for 100 × 32 KB",
    why: BUSY,
    bound: bound(1000, 128 + 48),
  },
  "calls-without-end": { what: "200 × 300 calls that never end", bound: bound(200, 64) },
  history: { what: "history over /send, 500 pages a second", bound: bound(8, 512) },
  "large-commands": {
    what: "5 connections with commands of 107 KB, 32 MB a second",
    bound: bound(5, 1024),
  },
  "first-parts": {
    what: "200 connections, each with the first five parts of 100 KB of a 2 MB message, and never the rest",
    bound: bound(200, 64, 64),
    limits: { binary: 2 * MB },
  },
  "slow-parts": {
    what: "200 connections, each with a 2 MB message of which a part of 100 KB comes every 5 seconds",
    bound: bound(200, 64, 64),
    limits: { binary: 2 * MB },
  },
  pings: { what: "20 connections, 40,000 pings a second", bound: bound(20, 64) },
  "blank-lines": {
    what: "10 connections, 100 frames of 128 KiB of blank lines a second",
    bound: bound(10, 512),
  },
  bombs: {
    what: "10 connections, 5,000 compressed frames a second, each with 128 KiB of blank lines in 150 bytes",
    bound: bound(10, 512),
  },
  "compressed-commands": {
    what: "20 connections, 20,000 compressed commands a second",
    bound: bound(20, 128),
  },
  "polls-of-new-channels": {
    what: "8 polls a second, each with 1,000 new channels",
    why: COLLECTED,
    bound: bound(8 * 1000, 8, 16),
  },
  "polls-of-the-same": {
    what: "64 polls a second, each with the same 1,000 channels",
    why: COLLECTED,
    bound: bound(1000, 8, 32),
  },
  subscriptions: {
    what: "60 connections × 1,000 subscriptions to channels of their own",
    why: COLLECTED,
    bound: bound(60_000, 6.5),
  },
  "channels-over-http": {
    what: "12,000 new channels a second, by publishes over /send without a secret",
    why: BUSY,
    bound: bound(0, 0, 56),
    remembers: true,
  },
  "large-messages": {
    what: "8 connections, 540 messages of 60 KB a second into channels of their own",
    why: COLLECTED,
    bound: bound(8, 16 * 1024),
    remembers: true,
    // What `limits.bytes` lets in: 4 MiB at once and 1 MiB a second, of each connection.
    keeps: 8 * (4 + 6) * MB,
  },
  "text-keys": {
    what: "25,000 publishes a second with text keys on the good client's channel, over /send without a secret",
    why: BUSY,
    bound: bound(100_000, 0.25, 8),
    remembers: true,
  },
  scopes: {
    what: "2,500 publishers a second on the good client's channel",
    why: COLLECTED,
    bound: bound(20_000, 1),
    remembers: true,
  },
  members: {
    what: "1,000 members a second that join by polls",
    why: COLLECTED,
    bound: bound(20_000, 2, 16),
  },
  silence: { what: "2,000 connections that say nothing", bound: bound(2000, 12) },
  connects: {
    what: "160 connects a second by somebody who never comes back, at limits.connects of 20 a second",
    bound: bound(200, 16),
    limits: { connects: { perSecond: 20, burst: 40 } },
  },
  asking: {
    what: "2,000 questions a second about channels that never were, on Redis",
    bound: bound(0, 0, 24),
    redis: true,
    keys: 16,
  },
};
