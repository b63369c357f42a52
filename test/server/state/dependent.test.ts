/** Publishes that depend on what keys hold: nothing is lost, nothing overtakes, nobody else waits. */
import { describe, expect, it } from "vitest";
import { BrokerError } from "../../../src/broker/index.js";
import { CHANNEL, stateSetup, type Publisher, type StateSetup } from "./support.js";

/** Sets a key as another node does, just before the next appends of this one: as often as is said. */
function interfere(all: StateSetup, values: readonly unknown[]): void {
  const left = [...values];
  all.broker.before = async () => {
    const value = left.shift();
    if (value !== undefined) await all.put({ k: value });
  };
}

async function several(all: StateSetup, count: number): Promise<Publisher[]> {
  const clients: Publisher[] = [];
  for (let i = 0; i < count; i++) clients.push(await all.client(`client-${i}`));
  return clients;
}

describe("a publish that depends on keys", () => {
  it("E17: is decided anew where they have changed meanwhile", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    await publish({ set: { k: { a: 1 } } });
    interfere(all, [{ a: 2 }, { a: 3, b: 3 }]);
    expect(await publish({ merge: { k: { c: 1 } } })).toHaveProperty("cursor");
    expect(await all.held()).toEqual({ k: { a: 3, b: 3, c: 1 } });
    // A conflict says what there is: it is not read again.
    expect(all.broker.reads).toBe(1);
  });

  it("E17: is decided ten times at most, then it is unavailable and may be tried again", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    const values = Array.from({ length: 10 }, (_, i) => ({ i }));
    interfere(all, values.slice(1));
    expect(await publish({ merge: { k: { a: 1 } } })).toHaveProperty("cursor");
    all.broker.appends.length = 0;
    interfere(all, values);
    expect(await publish({ merge: { k: { b: 1 } } })).toMatchObject({
      error: { code: "unavailable", retry: true },
    });
    expect(all.broker.appends).toHaveLength(10);
    expect(await all.held()).toEqual({ k: { i: 9 } });
  });

  it("E17: loses nothing of what many do to one key at once", async () => {
    const all = stateSetup();
    const clients = await several(all, 4);
    for (let round = 0; round < 10; round++)
      for (const [who, { peer }] of clients.entries())
        peer.send({ id: round, publish: CHANNEL, data: { merge: { k: { [`${who}-${round}`]: 1 } } } });
    let appends = 0;
    all.broker.before = async () => {
      const { k = {} } = await all.held();
      if (++appends % 10 === 5) await all.put({ k: { ...(k as object), [`elsewhere-${appends}`]: 1 } });
    };
    await all.world.clock.settle();
    const { k } = (await all.held()) as { k: object };
    expect(Object.keys(k)).toHaveLength(40 + Math.floor((appends + 5) / 10));
    // Each has the outcome of the one before, so that nothing is read again.
    expect(all.broker.reads).toBe(1);
  });

  it("E17: of one frame are read for together, and appended together where they are about different keys", async () => {
    const all = stateSetup();
    const clients = await several(all, 3);
    for (const [who, { peer }] of clients.entries())
      peer.send({ id: 1, publish: CHANNEL, data: { merge: { [`k${who}`]: { a: 1 } } } });
    await all.world.clock.settle();
    expect([all.broker.reads, all.broker.appends]).toEqual([1, [3]]);
  });

  it("E17: whose own condition does not hold is a conflict, and nothing but its keys is told", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    const { cursor: since } = await publish({ set: { k: { a: 1 }, guard: 1 } });
    const { cursor } = await publish({ set: { guard: 2 } });
    const refused = await publish({ merge: { k: { b: 1 } }, if: { since, keys: ["guard"], absent: ["x"] } });
    expect(refused).toMatchObject({ error: { code: "conflict", cursor } });
    expect(refused).toHaveProperty("error.now", { guard: 2, x: null });
    const absent = await publish({ merge: { k: { b: 1 } }, if: { absent: ["guard"] } });
    expect(absent).toMatchObject({ error: { code: "conflict", now: { guard: 2 } } });
    const held = await publish({ merge: { k: { b: 1 } }, if: { since: cursor, keys: ["guard", "k"] } });
    expect(held).toHaveProperty("cursor");
    expect(await all.held()).toEqual({ k: { a: 1, b: 1 }, guard: 2 });
  });

  it("E17: whose own condition holds is no conflict, though its keys have changed meanwhile", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    const { cursor: since } = await publish({ set: { k: { a: 1 }, guard: 1 } });
    interfere(all, [{ a: 2 }]);
    expect(await publish({ merge: { k: { b: 1 } }, if: { since, keys: ["guard"] } })).toHaveProperty(
      "cursor",
    );
    expect(await all.held()).toEqual({ k: { a: 2, b: 1 }, guard: 1 });
  });

  it("E17: with a cursor beyond the head is a bad_request", async () => {
    const { publish } = await stateSetup().client();
    const { cursor } = await publish({ set: { k: {} } });
    const since = `${String(cursor).split(":")[0]}:${2 ** 52}`;
    expect(await publish({ merge: { k: { b: 1 } }, if: { since, keys: ["k"] } })).toMatchObject({
      error: { code: "bad_request" },
    });
  });

  it("E17: fails as unavailable where the broker cannot be read", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    await all.world.broker.close();
    expect(await publish({ merge: { k: { b: 1 } } }, { idem: 1 })).toMatchObject({
      error: { code: "unavailable", retry: true },
    });
    expect(all.world.engine.node.appender.waiting).toBe(0);
  });

  it("E18: is not overtaken by what its publisher sends behind it, though it is decided anew", async () => {
    const all = stateSetup();
    const { publish, all: send } = await all.client();
    await publish({ set: { k: { a: 0 }, n: 0 } });
    interfere(all, [{ a: "elsewhere" }, { a: "again" }]);
    const answers = await send(
      { merge: { k: { a: 1 } } },
      { set: { k: { a: 2 } } },
      { merge: { k: { b: 3 } } },
      { set: { n: 4 } },
      { merge: { n2: { c: 5 } } },
    );
    expect(answers.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
    const offsets = answers.map(({ ok }) => Number((ok as { cursor: string }).cursor.split(":")[1]));
    expect(offsets).toEqual([...offsets].sort((one, other) => one - other));
    expect(await all.held()).toEqual({ k: { a: 2, b: 3 }, n: 4, n2: { c: 5 } });
  });

  it("E18: comes after what its publisher has sent before it", async () => {
    const all = stateSetup();
    const { all: send } = await all.client();
    const answers = await send({ set: { k: { a: 1 } } }, { merge: { k: { b: 1 } } });
    expect(answers.map(({ id }) => id)).toEqual([0, 1]);
    expect(await all.held()).toEqual({ k: { a: 1, b: 1 } });
  });

  it("E18: fails with those before it, and aborts those behind it", async () => {
    const all = stateSetup();
    const { peer } = await all.client();
    all.broker.before = () => {
      throw new Error("the broker is away");
    };
    for (const [i, data] of [{ set: { k: {} } }, { merge: { k: { a: 1 } } }, { set: { n: 1 } }].entries())
      peer.send({ id: i, publish: CHANNEL, data, idem: i, ...(i === 0 && { first: true }) });
    await all.world.clock.settle();
    const codes = peer.lines.flatMap((line) =>
      "error" in line ? [(line["error"] as { code: string }).code] : [],
    );
    expect(codes.sort()).toEqual(["aborted", "aborted", "unavailable"]);
    all.broker.before = undefined;
    expect(await all.held()).toEqual({});
  });

  it("E18: that was aborted late does not let its retry overtake that of the one before it", async () => {
    const all = stateSetup();
    const [ann, bob] = [await all.client("ann"), await all.client("bob")];
    await bob.publish({ set: { k: {}, b: {} } });
    const held: { readonly go: () => void; readonly fail: (error: Error) => void }[] = [];
    all.broker.before = () => new Promise((go, fail) => held.push({ go, fail }));
    const code = (id: number): unknown =>
      (ann.peer.answer(id)["error"] as { code?: string } | undefined)?.code;
    const both = (id: number, more: object): void => {
      const { peer } = ann;
      peer.send({ id, publish: CHANNEL, data: { merge: { k: { ann: 1 } } }, idem: 1, first: true, ...more });
      peer.send({ id: id + 1, publish: CHANNEL, data: { merge: { b: { ann: 1 } } }, idem: 2, ...more });
    };
    const { clock } = all.world;
    bob.peer.send({ id: 1, publish: CHANNEL, data: { merge: { b: { bob: 1 } } } });
    await clock.settle();
    all.broker.beforeRead = () => {
      throw new BrokerError("unavailable", "the broker is away");
    };
    // The first fails; the second waits for what bob does to its key.
    both(1, {});
    await clock.settle();
    expect(code(1)).toBe("unavailable");
    both(3, { age: 10 });
    await clock.settle();
    held[0]?.go();
    await clock.settle();
    expect(code(2)).toBe("aborted");
    all.broker.before = all.broker.beforeRead = undefined;
    held[1]?.fail(new BrokerError("unavailable", "the broker is away again"));
    await clock.settle();
    expect([code(3), code(4)]).toEqual(["unavailable", "aborted"]);
    expect(await all.held()).toEqual({ k: {}, b: { bob: 1 } });
  });

  it("E18: whose publisher goes meanwhile costs nobody anything, and is done as a whole or not", async () => {
    const all = stateSetup();
    const [ann, bob] = [await all.client("ann"), await all.client("bob")];
    all.broker.before = () => {
      all.broker.before = undefined;
      ann.peer.connection.transportClosed("gone", false);
    };
    ann.peer.send({ id: 1, publish: CHANNEL, data: { set: { other: 1 }, merge: { k: { ann: 1 } } } });
    expect(await bob.publish({ merge: { k: { bob: 1 } } })).toHaveProperty("cursor");
    expect(await all.held()).toEqual({ other: 1, k: { ann: 1, bob: 1 } });
    expect(all.world.engine.node.appender.waiting).toBe(0);
  });

  it("E18: waits for no other key, however many wait for one", async () => {
    const all = stateSetup();
    const [ann, bob] = [await all.client("ann"), await all.client("bob")];
    for (let id = 0; id < 50; id++)
      ann.peer.send({ id, publish: CHANNEL, data: { merge: { k: { [`f${id}`]: 1 } } } });
    bob.peer.send({ id: 1, publish: CHANNEL, data: { set: { b: 1 } } });
    bob.peer.send({ id: 2, publish: CHANNEL, data: { merge: { c: { x: 1 } } } });
    await all.world.clock.settle();
    const offset = (cursor: unknown): number => Number(String(cursor).split(":")[1]);
    const last = offset(bob.peer.answer(2)["cursor"]);
    const others = Array.from({ length: 50 }, (_, id) => offset(ann.peer.answer(id)["cursor"]));
    expect(others.filter((one) => one < last).length).toBeLessThan(3);
  });

  it("E19: is answered from the log when it is tried again", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    await publish({ set: { k: { a: 1 } } });
    const first = await publish({ merge: { k: { a: 2 } } }, { idem: 1, first: true });
    await publish({ set: { k: "no object any more" } });
    const again = await publish({ merge: { k: { a: 2 } } }, { idem: 1, first: true, age: 10 });
    expect(again).toEqual(first);
    expect(await publish({ merge: { k: { a: 3 } } }, { idem: 1, age: 10 })).toMatchObject({
      error: { code: "key_conflict" },
    });
    expect(await all.held()).toEqual({ k: "no object any more" });
  });

  it("E19: goes on where the log does not know it", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    expect(await publish({ merge: { k: { a: 2 } } }, { idem: 1, first: true, age: 10 })).toHaveProperty(
      "cursor",
    );
    expect(await all.held()).toEqual({ k: { a: 2 } });
  });
});
