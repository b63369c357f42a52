/** Append, read and seal as calls of their scripts: arguments in, answers out. */
import { createHash } from "node:crypto";
import type { Random } from "../../protocol/index.js";
import type { Appended, Draft, Entry, Epoch, Key, LogOptions, Page, ReadFrom, Retain } from "../contract.js";
import { decodeEntry, encodeEntry } from "./entry-codec.js";
import { EpochNames } from "./epoch-names.js";
import type { Keys } from "./keys.js";
import type { Arg, Link } from "./link.js";
import { buffer, list, numbers } from "./replies.js";
import type { Replication } from "./replication.js";
import { scripts } from "./scripts.js";

/** A log without entries, or whose entries have an age to reach, lives at least this long after its last use: 24 hours. */
const LEAST_LIFE_MS = 86_400_000;

/** A log has this many times as many fields for sequences as for text keys; a scope takes one to nine. */
const SEQUENCE_FIELDS_PER_KEY = 20;

/** What `append.lua` says instead of an offset. */
const CONFLICT = 1;
const UNKNOWN = 2;

export interface LogCallsOptions {
  readonly random: Random;
  readonly maxKeys: number;
  readonly idle: number | undefined;
}

export class LogCalls {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #replication: Replication | undefined;
  readonly #options: LogCallsOptions;
  readonly #epochNames: EpochNames;

  constructor(link: Link, keys: Keys, replication: Replication | undefined, options: LogCallsOptions) {
    this.#link = link;
    this.#keys = keys;
    this.#replication = replication;
    this.#options = options;
    this.#epochNames = new EpochNames(options.random);
  }

  /** Hot path: one script per batch. */
  async append(
    channel: string,
    drafts: readonly Draft[],
    options: LogOptions & { readonly fence?: string },
  ): Promise<Appended[]> {
    if (drafts.length === 0) return [];
    const { maxKeys } = this.#options;
    const { retain, fence } = options;
    const args: Arg[] = [
      this.#epochNames.next(),
      options.dedupe,
      maxKeys,
      maxKeys * SEQUENCE_FIELDS_PER_KEY,
      this.#life(options),
      fence === undefined ? "" : `=${fence}`,
      keepsAnything(retain) ? "1" : "",
      retain?.count ?? "",
      retain?.bytes ?? "",
      retain?.age ?? "",
      this.#replication === undefined ? "" : "1",
    ];
    for (const { key, data, meta } of drafts) {
      if (typeof key.id === "number") args.push(key.scope, key.id);
      else args.push(digestOf(key), "");
      args.push(key.print, encodeEntry(data, meta));
    }
    const keys = this.#keys.log(channel);
    const outcomes = numbers(await this.#link.script(scripts.append, keys, args));
    await this.#replication?.confirm(keys[0] ?? "");
    return outcomes.map(outcomeOf);
  }

  async read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page> {
    const [direction, offset] = "after" in from ? ["after", from.after] : ["before", from.before];
    const { limit, bytes } = from;
    const age = options.retain?.age ?? "";
    const args: Arg[] = [
      this.#epochNames.next(),
      this.#life(options),
      direction ?? "after",
      offset ?? 0,
      limit,
      bytes,
      age,
    ];
    const reply = await this.#link.script(scripts.read, this.#keys.log(channel), args);
    const [epochs, head, oldestPrev, firstPrev, ...found] = list(reply);
    const entries: Entry[] = [];
    let prev = Number(firstPrev);
    for (let i = 0; i < found.length; i += 2) {
      const entry = decodeEntry(buffer(found[i + 1]), Number.parseInt(String(found[i]), 10), prev);
      entries.push(entry);
      prev = entry.offset;
    }
    return {
      entries,
      oldestPrev: Number(oldestPrev),
      head: Number(head),
      epochs: readEpochs(String(epochs)),
    };
  }

  async seal(channel: string, token: string): Promise<void> {
    await this.#link.script(scripts.seal, this.#keys.log(channel), [
      this.#epochNames.next(),
      LEAST_LIFE_MS,
      token,
    ]);
  }

  /** Milliseconds that a log lives after its last use: as long as its entries and keys are promised to last. 0 is for ever. */
  #life({ retain, dedupe }: LogOptions): number {
    const least = Math.max(LEAST_LIFE_MS, 2 * dedupe, retain?.age ?? 0);
    const unaged = keepsAnything(retain) && retain?.age === undefined;
    if (!unaged) return Math.ceil(least);
    const { idle } = this.#options;
    return idle === undefined ? 0 : Math.ceil(Math.max(idle, 2 * dedupe));
  }
}

function keepsAnything(retain: Retain | undefined): boolean {
  return retain?.count !== undefined || retain?.bytes !== undefined || retain?.age !== undefined;
}

/** Scope and id in 16 bytes, whatever their length; the length inside keeps ("a", "bc") and ("ab", "c") apart. */
function digestOf({ scope, id }: Key): Buffer {
  return createHash("sha256").update(`${scope.length}:${scope}${id}`).digest().subarray(0, 16);
}

function outcomeOf(outcome: number): Appended {
  if (outcome === CONFLICT) return { error: "key_conflict" };
  if (outcome === UNKNOWN) return { error: "outcome_unknown" };
  return outcome < 0 ? { offset: -outcome, duplicate: true } : { offset: outcome, duplicate: false };
}

/** `name:base,name:base`, oldest first. */
function readEpochs(text: string): Epoch[] {
  return text.split(",").map((part) => {
    const colon = part.lastIndexOf(":");
    return { epoch: part.slice(0, colon), base: Number(part.slice(colon + 1)) };
  });
}
