/** Channels of keys in testApp, as its guide shows them. */
import { state as stateChannel, tidemark } from "tidemark";
import { isConflict, state } from "tidemark/state";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { quiet } from "../server/support/serve.js";

function running() {
  const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token ?? "ann" }) }).channels({
    "seats/:night": stateChannel({ ttl: "1m" }),
  });
  const run = testApp(app);
  onTestFinished(() => run.close());
  const open = (token: string) => {
    const rt = run.connect({ token });
    return { rt, seats: state(rt, "seats/:night", { night: "tonight" }) };
  };
  return { app, run, open };
}

test("a map follows what others do, and keys go when their time is over", async () => {
  const { run, open, app } = running();
  const [ann, bob] = [open("ann"), open("bob")];
  await Promise.all([ann.seats.ready, bob.seats.ready]);
  await ann.seats.set("12a", "ann");
  await run.settle();
  expect([...bob.seats.map]).toEqual([["12a", "ann"]]);
  const taken = bob.seats.change({ set: { "12a": "bob" }, if: { absent: ["12a"] } });
  expect(await taken.catch(isConflict)).toBe(true);
  await run.pass("59s");
  expect(await app.state("seats/tonight").get("12a")).toBe("ann");
  await run.pass("2s");
  expect(bob.seats.map.size).toBe(0);
  expect(run.errors).toEqual([]);
});

test("listeners are told after the turn, without a frame to wait for", async () => {
  const { run, open, app } = running();
  const { seats } = open("ann");
  await seats.ready;
  await run.settle();
  const told: unknown[] = [];
  seats.on("changes", ({ changed }) => told.push([...changed]));
  await app.state("seats/tonight").change({ set: { a: 1, b: 2 } });
  await run.settle();
  expect(told).toEqual([["a", "b"]]);
});

test("N80: a page that is hidden gets nothing, and all at once when it is seen again", async () => {
  const { run, open, app } = running();
  const [ann, bob] = [open("ann"), open("bob")];
  await Promise.all([ann.seats.ready, bob.seats.ready]);
  run.hide(ann.rt);
  await run.settle();
  const told: number[] = [];
  ann.seats.on("changes", ({ changed }) => told.push(changed.size));
  for (const key of ["a", "b", "c"]) {
    await app.state("seats/tonight").set(key, 1);
    await run.pass("1s");
  }
  expect([ann.seats.map.size, bob.seats.map.size]).toEqual([0, 3]);
  run.show();
  await run.settle();
  expect([ann.seats.map.size, told]).toEqual([3, [3]]);
});

test("N76: what is written while cut off waits, and is sent when the client is back", async () => {
  const { run, open } = running();
  const [ann, bob] = [open("ann"), open("bob")];
  await Promise.all([ann.seats.ready, bob.seats.ready]);
  run.cut(ann.rt);
  const written = ann.seats.set("1", "ann");
  await run.settle();
  expect([ann.seats.map.size, bob.seats.map.size]).toEqual([1, 0]);
  await run.pass("5s");
  expect((await written).same).toBe(false);
  expect(bob.seats.map.get("1")).toBe("ann");
});
