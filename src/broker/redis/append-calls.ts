/** Appends of entries, as calls of `append.lua`. */
import type { Appended, Draft, LogOptions } from "../contract.js";
import { keepsAnything } from "../log/retain.js";
import { encodeEntry } from "./entry-codec.js";
import type { Keys } from "./keys.js";
import { lifeOf } from "./log-options.js";
import { scripts } from "./scripts.js";
import { CONFLICT, FENCED, TurnCalls, UNKNOWN, type TurnCallsParts } from "./turn-calls.js";

export class AppendCalls {
  readonly #keys: Keys;
  readonly #calls: TurnCalls<LogOptions, Appended>;

  constructor(keys: Keys, parts: TurnCallsParts) {
    this.#keys = keys;
    this.#calls = new TurnCalls(parts, {
      script: scripts.append,
      lifeOf: (options) => lifeOf(options, parts.options.idle),
      head: ({ keeping: { retain }, fenced }) => [
        keepsAnything(retain) ? "1" : "",
        retain?.count ?? "",
        retain?.bytes ?? "",
        retain?.age ?? "",
        fenced === true ? "1" : "",
      ],
      outcomes: (replies) => replies.map(outcomeOf),
    });
  }

  append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[]> {
    if (drafts.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const call = this.#calls.callFor(this.#keys.log(channel), options);
      call.logs.push(drafts.length);
      for (const { key, data, meta, within, reign = "" } of drafts) {
        this.#calls.addKey(call, key, within);
        call.logs.push(encodeEntry(data, meta));
        if (options.fenced === true) call.logs.push(reign);
        call.length += data.length;
      }
      call.parts += drafts.length;
      call.waiting.push({ resolve, reject });
    });
  }
}

/** What became of a draft, as `append.lua` says it. */
export function outcomeOf(reply: unknown): Appended {
  const outcome = Number(reply);
  if (outcome === CONFLICT) return { error: "key_conflict" };
  if (outcome === UNKNOWN) return { error: "outcome_unknown" };
  if (outcome === FENCED) return { error: "fenced" };
  return outcome < 0 ? { offset: -outcome, duplicate: true } : { offset: outcome, duplicate: false };
}
