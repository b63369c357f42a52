/** What the rules say of a log's reign, whatever is done in any order, beside what a broker does. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Broker, Reign } from "../../../src/broker/index.js";
import { FENCED, FENCED_SLOTS } from "../../../src/testing/broker-contract/reign-kit.js";
import { change, changing } from "../../../src/testing/broker-contract/slots-kit.js";

/** Long enough for nothing to end by itself. */
const LONG_MS = 3_600_000;
/** It is over before the next step. */
const SHORT_MS = 20;

/** `which`: of the reigns that somebody got, so many before the newest one. `again`: the store begins anew, and has lost nothing. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("take"), who: fc.nat(2), isShort: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("renew"), which: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("release"), which: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write"), which: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again") }) },
);
type Step =
  | { do: "take"; who: number; isShort: boolean }
  | { do: "renew" | "release" | "write"; which: number }
  | { do: "again" };

/** Steps, and whether the log they are about is kept by slots. */
export const reignSteps = fc.tuple(fc.boolean(), fc.array(step as fc.Arbitrary<Step>, { maxLength: 40 }));

/** Where it is done. */
export interface ModelStore {
  broker(): Broker;
  elapse(ms: number): Promise<void>;
  /** Begins anew. What reigns were got of it before is of no use any more where it says `true`. */
  again(): Promise<boolean>;
}

interface Got {
  readonly token: string;
  readonly isShort: boolean;
  reign: Reign | undefined;
}

let written = 0;

class ReignModel {
  readonly #store: ModelStore;
  readonly #channel: string;
  readonly #isOfSlots: boolean;
  #held: { readonly who: number; readonly token: string; readonly isOver: boolean } | undefined;
  /** All that somebody got, oldest first. */
  readonly #got: Got[] = [];

  constructor(store: ModelStore, channel: string, isOfSlots: boolean) {
    this.#store = store;
    this.#channel = channel;
    this.#isOfSlots = isOfSlots;
  }

  async do(one: Step): Promise<void> {
    if (one.do === "take") return this.#take(one.who, one.isShort);
    if (one.do === "again") {
      if (await this.#store.again()) for (const got of this.#got) got.reign = undefined;
      return;
    }
    const got = this.#got.at(-1 - one.which);
    if (one.do === "write") return this.#write(got?.token ?? "nobody's");
    if (got?.reign === undefined) return;
    const held = this.#held?.token === got.token ? this.#held : undefined;
    if (one.do === "renew") {
      expect(await got.reign.renew()).toBe(held !== undefined);
      if (held !== undefined) await this.#holds(held.who, got);
    } else {
      await got.reign.release();
      if (held !== undefined) this.#held = undefined;
    }
  }

  async #take(who: number, isShort: boolean): Promise<void> {
    const request = { ttl: isShort ? SHORT_MS : LONG_MS, secret: `secret ${who}`, note: `note ${who}` };
    const options = this.#isOfSlots ? FENCED_SLOTS : FENCED;
    const answer = await this.#store.broker().reign(this.#channel, request, options);
    const held = this.#held;
    if (held !== undefined && held.who !== who && !held.isOver) {
      expect(answer).toMatchObject({ heldBy: `note ${held.who}` });
      return;
    }
    if (!("token" in answer)) throw new Error(`it is held by who left the ${answer.heldBy}`);
    const { token } = answer;
    if (held?.who === who) expect(token).toBe(held.token);
    else expect(this.#got.map((got) => got.token)).not.toContain(token);
    const got = { token, isShort, reign: answer };
    this.#got.push(got);
    await this.#holds(who, got);
  }

  async #holds(who: number, { token, isShort }: Got): Promise<void> {
    this.#held = { who, token, isOver: isShort };
    if (isShort) await this.#store.elapse(2 * SHORT_MS);
  }

  async #write(token: string): Promise<void> {
    const data = `${++written}`;
    const key = { scope: "model", id: written, print: 1 };
    const broker = this.#store.broker();
    const [outcome] = this.#isOfSlots
      ? [await change(broker, this.#channel, changing({ x: data }, { reign: token }), FENCED_SLOTS)]
      : await broker.append(this.#channel, [{ key, data, reign: token }], FENCED);
    if (token === this.#held?.token) expect(outcome).toMatchObject({ duplicate: false });
    else expect(outcome).toEqual({ error: "fenced" });
  }
}

/** Does all of it on a channel, and fails where the store does something else than the rules say. */
export async function followRules(
  store: ModelStore,
  channel: string,
  [isOfSlots, steps]: readonly [boolean, readonly Step[]],
): Promise<void> {
  const model = new ReignModel(store, channel, isOfSlots);
  for (const one of steps) await model.do(one);
}
