import { expect, test } from "vitest";
import { Revocations } from "../../src/server/connection/users/revocations.js";

const kick = (user: string, channel: string) =>
  ({ user, do: "unsubscribe", channel, code: "forbidden", message: "" }) as const;
const told = (revocations: Revocations, user: string | undefined, time: number) =>
  revocations
    .since(user, time)
    .map((revocation) => ("channel" in revocation ? revocation.channel : revocation.do));

test("H42: what a user was denied is known from a time on, in its order, and nobody else's", () => {
  const revocations = new Revocations();
  revocations.note(kick("ann", "a"), 10);
  revocations.note({ user: "ann", do: "disconnect", reason: "" }, 20);
  revocations.note(kick("ann", "b"), 30);
  expect(told(revocations, "ann", 0)).toEqual(["a", "disconnect", "b"]);
  expect(told(revocations, "ann", 20)).toEqual(["disconnect", "b"]);
  expect([told(revocations, "bob", 0), told(revocations, undefined, 0)]).toEqual([[], []]);
});

test("H42: what a user is given again is not denied any more", () => {
  const revocations = new Revocations();
  revocations.note(kick("ann", "a"), 10);
  revocations.note(kick("ann", "b"), 11);
  revocations.note(kick("ann", "b"), 12);
  revocations.note({ user: "ann", do: "subscribe", channel: "a" }, 20);
  expect(told(revocations, "ann", 0)).toEqual(["b"]);
});

test("H42: revocations are forgotten after half a minute", () => {
  const revocations = new Revocations();
  revocations.note(kick("ann", "a"), 0);
  revocations.note(kick("bob", "a"), 20_000);
  revocations.note(kick("bob", "b"), 31_000);
  expect(told(revocations, "ann", 0)).toEqual([]);
  revocations.note(kick("bob", "c"), 51_000);
  expect(told(revocations, "bob", 0)).toEqual(["b", "c"]);
});

test("H42: of too many revocations, those are forgotten whose users were denied nothing for longest", () => {
  const revocations = new Revocations(3);
  revocations.note(kick("ann", "a"), 1);
  revocations.note(kick("bob", "a"), 1);
  revocations.note(kick("ann", "b"), 1);
  revocations.note(kick("cay", "a"), 1);
  expect(["ann", "bob", "cay"].map((user) => told(revocations, user, 0))).toEqual([["a", "b"], [], ["a"]]);
  for (const channel of ["b", "c", "d"]) revocations.note(kick("cay", channel), 2);
  expect(["ann", "cay"].map((user) => told(revocations, user, 0))).toEqual([[], ["b", "c", "d"]]);
});
