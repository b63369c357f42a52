/**
 * Appends on their way into calls of `append.lua`. What a turn appends to logs of one slot with the same options goes
 * in one call: a call costs Redis and this process as much as several logs in it do.
 */
import { createHash } from "node:crypto";
import { digitsOf } from "../../protocol/digits.js";
import type { Appended, Draft, Key, LogOptions } from "../contract.js";
import { keepsAnything } from "../log/retain.js";
import { encodeEntry } from "./entry-codec.js";
import { toBrokerError } from "./errors.js";
import type { Keys } from "./keys.js";
import type { Arg, RedisLink } from "./link.js";
import { lifeOf, type LogCallsOptions } from "./log-options.js";
import { list, numbers } from "./replies.js";
import type { Replication } from "./replication.js";
import { scripts } from "./scripts.js";
import type { ServerTimes } from "./server-times.js";

/** Logs in one call. Redis does nothing else meanwhile: this many take it some two milliseconds. */
const MAX_LOGS = 64;
/** A call is full when it has this many drafts, or characters of them. One append is never divided. */
const MAX_DRAFTS = 256;
const MAX_LENGTH = 1024 * 1024;

/** A log has this many times as many fields for sequences as for text keys; a scope takes one to seventeen. */
const SEQUENCE_FIELDS_PER_KEY = 20;

/** What `append.lua` says instead of an offset. */
const CONFLICT = 1;
const UNKNOWN = 2;

type AppendOptions = LogOptions & { readonly fence?: string };

/** An append that waits for its part of the answer. */
interface Waiting {
  readonly resolve: (outcomes: Appended[]) => void;
  readonly reject: (error: Error) => void;
}

/** A call to be, in the order of its logs. */
interface Call {
  readonly options: AppendOptions;
  readonly keys: string[];
  readonly logs: Arg[];
  readonly waiting: Waiting[];
  /** When nobody waits for it any more, on the steady clock: it must not be carried out later. */
  readonly until: number;
  drafts: number;
  length: number;
}

export class AppendCalls {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #replication: Replication | undefined;
  readonly #options: LogCallsOptions;
  readonly #times: ServerTimes;
  /** Those of this turn that others may join: by slot, and by the very options, of which a channel's definition has one. */
  readonly #open = new Map<number, Map<AppendOptions, Call>>();

  constructor(
    link: RedisLink,
    keys: Keys,
    replication: Replication | undefined,
    times: ServerTimes,
    options: LogCallsOptions,
  ) {
    this.#link = link;
    this.#times = times;
    this.#keys = keys;
    this.#replication = replication;
    this.#options = options;
  }

  append(channel: string, drafts: readonly Draft[], options: AppendOptions): Promise<Appended[]> {
    if (drafts.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const keys = this.#keys.log(channel);
      const call = this.#callFor(this.#link.groupOf(keys[0] as string), options);
      call.keys.push(...keys);
      call.logs.push(drafts.length);
      for (const { key, data, meta, within } of drafts) {
        if (typeof key.id === "number") call.logs.push(key.scope, digitsOf(key.id));
        else call.logs.push(digestOf(key), "");
        call.logs.push(this.#print(key, within), encodeEntry(data, meta));
        call.length += data.length;
      }
      call.drafts += drafts.length;
      call.waiting.push({ resolve, reject });
    });
  }

  /** The print, and for a draft that may not wait for as long as its call, by how many milliseconds it may not. */
  #print({ print }: Key, within = Infinity): string {
    const { timeout } = this.#link;
    return within >= timeout ? digitsOf(print) : `${digitsOf(print)}@${Math.ceil(timeout - within)}`;
  }

  /** The open call, or a new one where that is full. */
  #callFor(group: number, options: AppendOptions): Call {
    if (this.#open.size === 0) this.#link.atEndOfTurn(() => this.#open.clear());
    let calls = this.#open.get(group);
    if (calls === undefined) this.#open.set(group, (calls = new Map()));
    const open = calls.get(options);
    if (
      open !== undefined &&
      open.waiting.length < MAX_LOGS &&
      open.drafts < MAX_DRAFTS &&
      open.length < MAX_LENGTH
    )
      return open;
    const until = this.#times.now() + this.#link.timeout;
    const call: Call = { options, keys: [], logs: [], waiting: [], until, drafts: 0, length: 0 };
    calls.set(options, call);
    this.#link.atEndOfTurn(() => void this.#send(call));
    return call;
  }

  /** Every append gets its outcomes, or why it has none. */
  async #send({ options, keys, logs, waiting, until }: Call): Promise<void> {
    try {
      const key = keys[0] as string;
      const times = this.#times;
      const head = this.#head(options);
      const results = list(
        await this.#link.scriptUntil(
          scripts.append,
          keys,
          () => [...head, times.lifeOf(key), digitsOf(times.at(key, until)), ...logs],
          until,
          (error) => times.learnFrom(key, error),
        ),
      );
      times.learn(key, Number(results[waiting.length]));
      await this.#replication?.confirm(key);
      for (let i = 0; i < waiting.length; i++) {
        const { resolve, reject } = waiting[i] as Waiting;
        const result = results[i];
        if (result instanceof Error) reject(toBrokerError(result));
        else resolve(numbers(result).map(outcomeOf));
      }
    } catch (error) {
      for (const { reject } of waiting) reject(toBrokerError(error));
    }
  }

  #head(options: AppendOptions): Arg[] {
    const { maxKeys, epochNames, idle } = this.#options;
    const { keeping, fence, dedupe } = options;
    const { retain } = keeping;
    return [
      epochNames.next(),
      dedupe,
      maxKeys,
      maxKeys * SEQUENCE_FIELDS_PER_KEY,
      lifeOf(options, idle),
      fence === undefined ? "" : `=${fence}`,
      keepsAnything(retain) ? "1" : "",
      retain?.count ?? "",
      retain?.bytes ?? "",
      retain?.age ?? "",
      this.#replication === undefined ? "" : "1",
    ];
  }
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
