/** Random runs of a client against a server that keeps what its channel was at every place. */
import { seededRandom } from "tidemark/testing";
import { expect, test } from "vitest";
import type { Random } from "../../../src/protocol/index.js";
import { passes } from "../../../src/client/state/filter.js";
import type { StateHandle } from "tidemark/state";
import type { Link, World } from "../world.js";
import { ModelServer } from "./model-server.js";
import { setup, type Setup } from "./support.js";

const SEEDS = Number(process.env["TIDEMARK_SEEDS"] ?? 40);
const STEPS = 120;

/** Keys that only others change, and those that the client does. */
const OTHERS = ["o-1", "o-2", "o-3", "o-4", "p-1", "p-2"];
const OWN = ["w-1", "w-2", "w-3"];
const FILTERS = [
  {},
  { prefix: "o-" },
  { prefix: "p-" },
  { keys: ["o-1", "p-1", "p-2"] },
  { keys: ["o-2", "w-1"] },
];

/** A handle, and what it is to show. */
interface Watching {
  readonly handle: StateHandle;
  readonly wants: (key: string) => boolean;
  isReady: boolean;
}

class Run {
  readonly random: Random;
  readonly server: ModelServer;
  readonly set: Setup;
  readonly #world: World;
  #count = 0;
  #tuned = 0;
  /** Own writes that have not been answered, of each key. */
  readonly #pending = new Map<string, number>();
  #cursor = "";
  readonly #opened = new WeakSet<Link>();
  readonly #watching: Watching[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.server = new ModelServer(this.random);
    const filter = this.#pick(FILTERS);
    this.set = setup({ rate: 20, ...filter });
    this.#world = this.set.world;
    this.#watch(this.set.keys, passes(filter));
  }

  async step(): Promise<void> {
    const { server } = this;
    const [act, ...others] = this.#shuffled([
      () => this.#changeSome(),
      () => this.#changeSome(),
      () => this.#write(),
      () => this.#write(),
      () => server.tell(false),
      () => server.tell(false),
      () => server.tell(true),
      () => this.#serve(),
      () => this.#serve(),
      () => this.#rarely(() => this.#cut()),
      () => this.#rarely(() => server.failOver(this.random.float() < 0.5)),
      () => this.#rarely(() => server.forget()),
      () => this.#rarely(() => this.set.keys.tune({ rate: ++this.#tuned })),
      () => this.#rarely(() => this.set.keys.pause()),
      () => this.set.keys.resume(),
      () => this.#rarely(() => this.#openOne()),
      () => this.#closeOne(),
    ]);
    expect(others.length).toBeGreaterThan(0);
    act?.();
    await this.#world.pass(this.random.float() < 0.1 ? 400 : 1);
    this.#look();
  }

  /** At rest, the client has what the server has. */
  async rest(): Promise<void> {
    this.set.keys.resume();
    for (let i = 0; i < 40; i++) {
      await this.#world.pass(500);
      this.#open();
      this.#serve(0);
      await this.#world.settle();
      this.#serve(0);
      this.server.tell(true);
      await this.#world.settle();
    }
    this.#look();
    expect(this.#pending.size, "writes without an answer").toBe(0);
    for (const { handle, wants, isReady } of this.#watching) {
      expect(isReady).toBe(true);
      expect(sorted(handle.map)).toEqual(sorted(this.server.map, wants));
    }
    expect(this.server.wrong).toBeUndefined();
    expect(this.#world.reports).toEqual([]);
  }

  #watch(handle: StateHandle, wants: (key: string) => boolean): void {
    const watching: Watching = { handle, wants, isReady: false };
    this.#watching.push(watching);
    handle.ready.then(
      () => (watching.isReady = true),
      () => {},
    );
  }

  #openOne(): void {
    const filter = this.#pick(FILTERS);
    this.#watch(this.set.open(filter), passes(filter));
  }

  /** Any but the first. */
  #closeOne(): void {
    const index = 1 + Math.floor(this.random.float() * (this.#watching.length - 1));
    for (const { handle } of this.#watching.splice(index, 1)) handle.close();
  }

  #changeSome(): void {
    const value = ++this.#count;
    const keys = this.#shuffled(OTHERS).slice(0, 1 + Math.floor(this.random.float() * 3));
    // These two always change together.
    const pair = keys.some((key) => key.startsWith("p-")) ? ["p-1", "p-2"] : [];
    const changed = [...keys.filter((key) => key.startsWith("o-")), ...pair];
    const isDelete = this.random.float() < 0.25;
    this.server.change(new Map(changed.map((key) => [key, isDelete ? undefined : value])));
    if (this.random.float() < 0.3) this.server.change(new Map([[this.#pick(OWN), { by: "others", value }]]));
  }

  #write(): void {
    const { keys } = this.set;
    const key = this.#pick(OWN);
    const value = { by: "me", value: ++this.#count };
    const dice = this.random.float();
    const written =
      dice < 0.3
        ? keys.set(key, value)
        : dice < 0.45
          ? keys.merge(key, { seen: value.value })
          : dice < 0.55
            ? keys.delete(key)
            : dice < 0.75
              ? keys.update(key, () => value)
              : keys.change({ set: { [key]: value }, if: { keys: [this.#pick(OWN)] } });
    if (dice < 0.3 && this.#watching[0]?.wants(key)) expect(keys.map.get(key)).toEqual(value);
    this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1);
    const over = (): void => {
      const left = (this.#pending.get(key) ?? 1) - 1;
      if (left > 0) this.#pending.set(key, left);
      else this.#pending.delete(key);
    };
    written.then(over, over);
  }

  #serve(refusals = 0.15): void {
    this.#open();
    this.server.serve(this.#world.link, () =>
      this.random.float() >= refusals
        ? undefined
        : this.random.float() < 0.5
          ? { code: "rejected", retry: false }
          : { code: "unavailable", retry: true },
    );
  }

  #open(): void {
    const { link } = this.#world;
    if (!this.#opened.has(link)) link.open();
    this.#opened.add(link);
  }

  /** The connection ends; what was sent may have been carried out before. */
  #cut(): void {
    if (this.random.float() < 0.5) this.#serve();
    this.server.cut();
    this.#world.link.cut();
  }

  /** Of the keys that only others change, each map is what the channel was at its cursor. */
  #look(): void {
    const { cursor } = this.set.keys;
    if (cursor === undefined) return;
    const told = this.server.at(cursor);
    for (const { handle, wants, isReady } of this.#watching) {
      if (!isReady) continue;
      const seen = (key: string): boolean => wants(key) && OTHERS.includes(key);
      expect(sorted(handle.map, seen), `at ${cursor}`).toEqual(sorted(told, seen));
      if (wants("p-1") && wants("p-2")) expect(handle.map.get("p-1")).toBe(handle.map.get("p-2"));
    }
    const [epoch, offset] = cursor.split(":");
    const [lastEpoch, lastOffset] = this.#cursor.split(":");
    if (epoch === lastEpoch) expect(Number(offset)).toBeGreaterThanOrEqual(Number(lastOffset));
    this.#cursor = cursor;
  }

  #rarely(act: () => void): void {
    if (this.random.float() < 0.25) act();
  }

  #pick<T>(list: readonly T[]): T {
    const [item] = list.slice(Math.floor(this.random.float() * list.length));
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  #shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => [this.random.float(), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  }
}

function sorted(
  map: ReadonlyMap<string, unknown>,
  wants: (key: string) => boolean = () => true,
): [string, unknown][] {
  return [...map].filter(([key]) => wants(key)).sort(([a], [b]) => (a < b ? -1 : 1));
}

test("N71: whatever happens, the map is what the channel was at its cursor, and at rest what it is", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const run = new Run(seed);
      await run.set.world.settle();
      for (let i = 0; i < STEPS; i++) await run.step();
      await run.rest();
      run.set.world.client.close();
    } catch (cause) {
      throw new Error(`seed ${seed}: ${(cause as Error).message}`, { cause });
    }
  }
}, 120_000);
