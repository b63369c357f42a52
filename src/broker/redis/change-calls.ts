/** Appends of changes to logs that are kept by slots, as calls of `change.lua`. */
import { digitsOf } from "../../protocol/digits.js";
import {
  CONFLICT_BYTES,
  DUE_REST_MS,
  MOST_HINTED_BYTES,
  type Change,
  type Changed,
  type ChangesDraft,
  type Condition,
  type SlotsOptions,
} from "../slots-contract.js";
import type { Payload } from "../values.js";
import { outcomeOf } from "./append-calls.js";
import type { Keys } from "./keys.js";
import type { Arg } from "./link.js";
import { lifeOfSlots } from "./log-options.js";
import { buffer } from "./replies.js";
import { scripts } from "./scripts.js";
import { decodePayload, encodePayload } from "./slots-codec.js";
import { TurnCalls, type TurnCallsParts } from "./turn-calls.js";

/** What `change.lua` says instead of an offset. */
const FULL_COUNT = 3;
const FULL_BYTES = 4;
const AHEAD = 5;

/** The longest time to live that Redis is told, in milliseconds: more than 3,000 years. */
const LONGEST_TTL_MS = 1e14;

export class ChangeCalls {
  readonly #keys: Keys;
  readonly #calls: TurnCalls<SlotsOptions, Changed>;

  constructor(keys: Keys, parts: TurnCallsParts) {
    this.#keys = keys;
    this.#calls = new TurnCalls(parts, {
      script: scripts.change,
      lifeOf: lifeOfSlots,
      head: ({ keeping: { most, graves }, fenced }) => [
        most.count,
        most.bytes,
        graves.count ?? "",
        graves.bytes ?? "",
        graves.age ?? "",
        MOST_HINTED_BYTES,
        CONFLICT_BYTES,
        DUE_REST_MS,
        fenced === true ? "1" : "",
      ],
      outcomes: (replies) => {
        const epoch = String(replies.at(-1));
        return replies.slice(0, -1).map((reply) => changedOf(reply, epoch));
      },
    });
  }

  change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Promise<Changed[]> {
    if (drafts.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const call = this.#calls.callFor(this.#keys.slots(channel), options);
      const { logs } = call;
      const at = logs.push(0) - 1;
      logs.push(drafts.length);
      for (const {
        key,
        within,
        reign = "",
        meta = "",
        quiet = false,
        if: conditions = [],
        changes,
      } of drafts) {
        this.#calls.addKey(call, key, within);
        logs.push(meta, quiet ? "1" : "", conditions.length, changes.length);
        if (options.fenced === true) logs.push(reign);
      }
      for (const { if: conditions = [], changes } of drafts) {
        for (const condition of conditions) addCondition(logs, condition);
        for (const { slot, data, ttl } of changes) {
          logs.push(slot, encodePayload(data), ttlText(ttl));
          call.length += slot.length + (data?.length ?? 0);
        }
        call.parts += Math.max(1, conditions.length + changes.length);
      }
      logs[at] = logs.length - at - 1;
      call.waiting.push({ resolve, reject });
    });
  }
}

function addCondition(logs: Arg[], { slot, unchangedSince }: Condition): void {
  if (typeof unchangedSince === "string") logs.push(slot, unchangedSince, "");
  else logs.push(slot, `=${unchangedSince.epoch}`, digitsOf(unchangedSince.offset));
}

function ttlText(ttl: Change["ttl"] = Infinity): string {
  if (ttl === "keep") return ttl;
  return ttl === Infinity ? "" : digitsOf(Math.ceil(Math.min(Math.max(ttl, 0), LONGEST_TTL_MS)));
}

function changedOf(reply: unknown, epoch: string): Changed {
  if (Array.isArray(reply)) {
    const [first, newest, head, ...held] = reply as unknown[];
    if (!Buffer.isBuffer(first)) return { offset: Number(first), epoch, duplicate: false, same: true };
    const now = new Map<string, Payload | undefined>();
    for (let i = 0; i < held.length; i += 2) {
      now.set(buffer(held[i]).toString("utf8"), decodePayload(buffer(held[i + 1])));
    }
    return { error: "conflict", at: { epoch: String(newest), offset: Number(head) }, now };
  }
  switch (Number(reply)) {
    case FULL_COUNT:
      return { error: "log_full", limit: "count" };
    case FULL_BYTES:
      return { error: "log_full", limit: "bytes" };
    case AHEAD:
      return { error: "cursor_ahead" };
    default: {
      const outcome = outcomeOf(reply);
      return "offset" in outcome ? { ...outcome, epoch } : outcome;
    }
  }
}
