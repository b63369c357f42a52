/**
 * Appends on their way into calls of a script. What a turn appends to logs of one slot with the same options goes in one
 * call: a call costs Redis and this process as much as several logs in it do.
 */
import { createHash } from "node:crypto";
import { digitsOf } from "../../protocol/digits.js";
import type { Key, LogOptions } from "../contract.js";
import { toBrokerError } from "./errors.js";
import type { Arg, RedisLink } from "./link.js";
import type { LogCallsOptions } from "./log-options.js";
import { list } from "./replies.js";
import type { Replication } from "./replication.js";
import type { Script } from "./scripts.js";
import type { ServerTimes } from "./server-times.js";

/** Logs in one call. Redis does nothing else meanwhile: this many take it some two milliseconds. */
const MAX_LOGS = 64;
/** A call is full when it has this many entries or changes, or characters of them. One append is never divided. */
const MAX_PARTS = 256;
const MAX_LENGTH = 1024 * 1024;

/** A log has this many times as many fields for sequences as for text keys; a scope takes one to seventeen. */
const SEQUENCE_FIELDS_PER_KEY = 20;

/** An append that waits for its part of the answer. */
interface Waiting<Outcome> {
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: Error) => void;
}

/** A call to be, in the order of its logs. */
export interface Call<Options, Outcome> {
  readonly options: Options;
  readonly keys: string[];
  readonly logs: Arg[];
  readonly waiting: Waiting<Outcome>[];
  /** When nobody waits for it any more, on the steady clock: it must not be carried out later. */
  readonly until: number;
  /** Entries or changes, and characters of them. */
  parts: number;
  length: number;
}

/** What all such calls need. */
export interface TurnCallsParts {
  readonly link: RedisLink;
  readonly replication: Replication | undefined;
  readonly times: ServerTimes;
  readonly options: LogCallsOptions;
}

/** How the calls of one script are made and read. */
export interface TurnCallsForm<Options, Outcome> {
  readonly script: Script;
  /** How long a log lives after its last use, as the script takes it. */
  readonly lifeOf: (options: Options) => number;
  /** The script's own arguments, behind those that all have. */
  readonly head: (options: Options) => readonly Arg[];
  /** What became of the drafts of one log. */
  readonly outcomes: (replies: readonly unknown[]) => Outcome[];
}

export class TurnCalls<Options extends Pick<LogOptions, "dedupe">, Outcome extends object> {
  readonly #parts: TurnCallsParts;
  readonly #form: TurnCallsForm<Options, Outcome>;
  /** Those of this turn that others may join: by slot, and by the very options, of which a channel's definition has one. */
  readonly #open = new Map<number, Map<Options, Call<Options, Outcome>>>();

  constructor(parts: TurnCallsParts, form: TurnCallsForm<Options, Outcome>) {
    this.#parts = parts;
    this.#form = form;
  }

  /** The open call that goes to the slot of these keys, which are the next log's, or a new one where that is full. */
  callFor(keys: readonly string[], options: Options): Call<Options, Outcome> {
    const { link, times } = this.#parts;
    const group = link.groupOf(keys[0] as string);
    if (this.#open.size === 0) link.atEndOfTurn(() => this.#open.clear());
    let calls = this.#open.get(group);
    if (calls === undefined) this.#open.set(group, (calls = new Map()));
    let call = calls.get(options);
    if (call === undefined || isFull(call)) {
      const until = times.now() + link.timeout;
      const fresh = { options, keys: [], logs: [], waiting: [], until, parts: 0, length: 0 };
      calls.set(options, (call = fresh));
      link.atEndOfTurn(() => void this.#send(fresh));
    }
    call.keys.push(...keys);
    return call;
  }

  /** Adds what tells a draft's key: three arguments. */
  addKey({ logs }: Call<Options, Outcome>, key: Key, within = Infinity): void {
    if (typeof key.id === "number") logs.push(key.scope, digitsOf(key.id));
    else logs.push(digestOf(key), "");
    // The print, and for a draft that may not wait for as long as its call, by how many milliseconds it may not.
    const { timeout } = this.#parts.link;
    const print = digitsOf(key.print);
    logs.push(within >= timeout ? print : `${print}@${Math.ceil(timeout - within)}`);
  }

  /** Every append gets its outcomes, or why it has none. */
  async #send({ options, keys, logs, waiting, until }: Call<Options, Outcome>): Promise<void> {
    try {
      const key = keys[0] as string;
      const { link, times, replication } = this.#parts;
      const { script, outcomes } = this.#form;
      const before = this.#before(options);
      const own = this.#form.head(options);
      const results = list(
        await link.scriptUntil(
          script,
          keys,
          () => [...before, times.lifeOf(key), digitsOf(times.at(key, until)), ...own, ...logs],
          until,
          (error) => times.learnFrom(key, error),
        ),
      );
      times.learn(key, Number(results[waiting.length]));
      await replication?.confirm(key);
      for (let i = 0; i < waiting.length; i++) {
        const { resolve, reject } = waiting[i] as Waiting<Outcome>;
        const result = results[i];
        if (result instanceof Error) reject(toBrokerError(result));
        else resolve(outcomes(list(result)));
      }
    } catch (error) {
      for (const { reject } of waiting) reject(toBrokerError(error));
    }
  }

  /** The first arguments, as `lua/log-call.lua` has them, but for those that are known when the call is sent. */
  #before(options: Options): Arg[] {
    const { maxKeys, epochNames } = this.#parts.options;
    return [
      epochNames.next(),
      options.dedupe,
      maxKeys,
      maxKeys * SEQUENCE_FIELDS_PER_KEY,
      this.#form.lifeOf(options),
      this.#parts.replication === undefined ? "" : "1",
    ];
  }
}

function isFull<Options, Outcome>({ waiting, parts, length }: Call<Options, Outcome>): boolean {
  return waiting.length >= MAX_LOGS || parts >= MAX_PARTS || length >= MAX_LENGTH;
}

/** Scope and id in 16 bytes, whatever their length; the length inside keeps ("a", "bc") and ("ab", "c") apart. */
function digestOf({ scope, id }: Key): Buffer {
  return createHash("sha256").update(`${scope.length}:${scope}${id}`).digest().subarray(0, 16);
}

/** What both scripts of appends say instead of an offset. */
export const CONFLICT = 1;
export const UNKNOWN = 2;
export const FENCED = 6;
