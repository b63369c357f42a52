/** A stranger in a process of its own: one attack, paced. */
import { expose } from "../lib/remote.js";
import { ATTACKS, type Attack, type AttackName } from "./attacks.js";

/** Milliseconds between two looks at the pace. */
const TICK_MS = 5;

let attack: Attack | undefined;
let timer: NodeJS.Timeout | undefined;
let done = 0;
let due = 0;

const functions = {
  begin({ name, port }: { name: AttackName; port: number }): void {
    attack = ATTACKS[name]({ port });
    const { perSecond } = attack;
    const from = performance.now();
    timer = setInterval(() => {
      due = ((performance.now() - from) * perSecond) / 1000;
      // What cannot be kept up with is left out, a tick's worth and some at a time.
      for (let left = Math.ceil((perSecond * TICK_MS) / 250); left > 0 && done < due; left--)
        attack?.act(done++);
    }, TICK_MS);
  },

  /** It stops, and all of its sockets go. Resolves with how much of its pace it kept, from 0 to 1. */
  end(): number {
    clearInterval(timer);
    attack?.end();
    return due === 0 ? 1 : Math.min(1, done / due);
  },
};
export type Attacker = typeof functions;

expose(functions);
