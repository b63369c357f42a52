/** Steps of reigns, as calls of `reign.lua`: those of a turn go together, as appends do. */
import type { Random } from "../../protocol/index.js";
import { digitsOf } from "../../protocol/digits.js";
import type { LogOptions } from "../contract.js";
import { isOfSlots } from "../log/of-slots.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import type { SlotsOptions } from "../slots-contract.js";
import type { Keys } from "./keys.js";
import { lifeOf, lifeOfSlots } from "./log-options.js";
import { buffer } from "./replies.js";
import { scripts } from "./scripts.js";
import { TurnCalls, type TurnCallsParts } from "./turn-calls.js";

export class ReignCalls {
  readonly #keys: Keys;
  readonly #random: Random;
  /** What the script says of each step is its one outcome. */
  readonly #calls: TurnCalls<LogOptions | SlotsOptions, readonly unknown[]>;

  constructor(keys: Keys, parts: TurnCallsParts, random: Random) {
    this.#keys = keys;
    this.#random = random;
    this.#calls = new TurnCalls(parts, {
      script: scripts.reign,
      lifeOf: (options) => (isOfSlots(options) ? lifeOfSlots(options) : lifeOf(options, parts.options.idle)),
      head: (options) => [isOfSlots(options) ? "1" : ""],
      outcomes: (replies) => [replies],
    });
  }

  step(channel: string, step: ReignStep, options: LogOptions | SlotsOptions): Promise<ReignAnswer> {
    return new Promise((resolve, reject) => {
      const call = this.#calls.callFor(this.#keys.slots(channel), options);
      const token = step.do === "take" ? this.#random.id() : step.token;
      const [secret, note] = step.do === "take" ? [step.secret, step.note] : ["", ""];
      const ttl = step.do === "release" ? "" : digitsOf(Math.ceil(step.ttl));
      call.logs.push(1, step.do, token, secret, note, ttl);
      call.parts += 1;
      call.waiting.push({ resolve: ([reply = []]) => resolve(answerOf(reply)), reject });
    });
  }
}

/** What became of a step, as `reign.lua` says it. */
function answerOf([first, left]: readonly unknown[]): ReignAnswer {
  if (first === undefined) return "none";
  const text = buffer(first).toString();
  return left === undefined ? { token: text } : { heldBy: text, left: Number(left) };
}
