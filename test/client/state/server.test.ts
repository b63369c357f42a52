/** The client of a channel of keys against the server itself, in memory. */
import { silentLogger, state as stateChannel, tidemark } from "tidemark";
import type { Client } from "tidemark/client";
import { state, type ConflictError, type StateHandle, type StateOptions } from "tidemark/state";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { rejection } from "../world.js";
import { unwatched } from "./support.js";

function serving(options: Parameters<typeof stateChannel>[0] = {}) {
  const app = tidemark({ log: silentLogger }).channels({ "keys/:id": stateChannel(options) });
  const server = testApp(app);
  onTestFinished(() => server.close());
  const open = (more: StateOptions = {}): StateHandle & { readonly client: Client } => {
    const client = server.connect() as unknown as Client;
    return Object.assign(state(client, "keys/:id", { id: "a" }, more), { client });
  };
  return { server, open };
}

test("N71: what one sets the others see, in a map that is there when they come", async () => {
  const { server, open } = serving();
  const ann = open();
  await ann.ready;
  expect([ann.map.size, ann.cursor?.endsWith(":0")]).toEqual([0, true]);
  const { cursor, same } = await ann.change({ set: { a: 1, b: { c: 2 } } });
  expect(same).toBe(false);
  const bob = open();
  await bob.ready;
  expect([...bob.map]).toEqual([
    ["a", 1],
    ["b", { c: 2 }],
  ]);
  expect(bob.cursor).toBe(cursor);
  await bob.delete("a");
  await server.settle();
  expect([...ann.map]).toEqual([["b", { c: 2 }]]);
  expect((await ann.set("b", { c: 2 })).same).toBe(true);
});

test("N71: large maps come in parts, and whole", async () => {
  const { server, open } = serving();
  const ann = open({ rate: 20 });
  await ann.ready;
  for (let i = 0; i < 5; i++) {
    const set = new Map(Array.from({ length: 900 }, (_, n) => [`k${i}-${n}`, "x".repeat(40)]));
    await ann.change({ set });
  }
  const bob = open();
  await bob.ready;
  await server.pass("1s");
  expect(bob.map.size).toBe(4500);
  expect(new Map(ann.map)).toEqual(new Map(bob.map));
  expect(server.errors).toEqual([]);
});

test("N76: over a break, both write; conditions hold for what was seen", async () => {
  const { server, open } = serving();
  const [ann, bob] = [open(), open()];
  await Promise.all([ann.ready, bob.ready]);
  await ann.set("seat", "free");
  await server.settle();
  server.cut(bob.client as never);
  const lost = rejection(bob.change({ set: { seat: "bob" }, if: { keys: ["seat"] } }));
  unwatched(bob.set("other", 1));
  expect(bob.map.get("seat")).toBe("bob");
  await ann.set("seat", "ann");
  await server.pass("5s");
  expect(((await lost) as ConflictError).now.get("seat")).toBe("ann");
  expect([...bob.map]).toEqual([...ann.map]);
  expect(bob.map.get("other")).toBe(1);
});

test("N78: many updates by two at once lose none", async () => {
  const { server, open } = serving();
  const [ann, bob] = [open(), open()];
  const add = (value: unknown): number => Number(value ?? 0) + 1;
  const all = [ann, bob].flatMap((who) => [1, 2, 3, 4].map(() => who.update("n", add)));
  await Promise.all(all);
  await server.settle();
  expect([ann.map.get("n"), bob.map.get("n")]).toEqual([8, 8]);
});

test("N74: a filter, and one that is wider, on the same client", async () => {
  const { server, open } = serving();
  const ann = open({ prefix: "a-" });
  await ann.change({ set: { "a-1": 1, "b-1": 2 } });
  await server.settle();
  expect([...ann.map.keys()]).toEqual(["a-1"]);
  const all = state(ann.client, "keys/:id", { id: "a" }, {});
  await all.ready;
  expect([...all.map.keys()].sort()).toEqual(["a-1", "b-1"]);
  await all.set("a-2", 3);
  expect([...ann.map.keys()]).toEqual(["a-1", "a-2"]);
});

test("N72: past what is remembered of deleted keys, the map is told anew", async () => {
  const { server, open } = serving({ graves: { count: 2 } });
  const [ann, bob] = [open(), open()];
  await ann.change({ set: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, i])) });
  await server.settle();
  server.cut(bob.client as never);
  for (let i = 0; i < 8; i++) await ann.delete(`k${i}`);
  await server.pass("5s");
  expect([...bob.map]).toEqual([...ann.map]);
  expect(bob.map.size).toBe(2);
});
