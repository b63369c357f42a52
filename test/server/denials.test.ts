import { expect, test } from "vitest";
import { Denials } from "../../src/server/connection/denials.js";

const kick = (user: string, channel: string) =>
  ({ user, do: "unsubscribe", channel, code: "forbidden", message: "" }) as const;
const told = (denials: Denials, user: string | undefined, time: number) =>
  denials.since(user, time).map((denial) => ("channel" in denial ? denial.channel : denial.do));

test("H42: what a user was denied is known from a time on, in its order, and nobody else's", () => {
  const denials = new Denials();
  denials.note(kick("ann", "a"), 10);
  denials.note({ user: "ann", do: "disconnect", reason: "" }, 20);
  denials.note(kick("ann", "b"), 30);
  expect(told(denials, "ann", 0)).toEqual(["a", "disconnect", "b"]);
  expect(told(denials, "ann", 20)).toEqual(["disconnect", "b"]);
  expect([told(denials, "bob", 0), told(denials, undefined, 0)]).toEqual([[], []]);
});

test("H42: what a user is given again is not denied any more", () => {
  const denials = new Denials();
  denials.note(kick("ann", "a"), 10);
  denials.note(kick("ann", "b"), 11);
  denials.note(kick("ann", "b"), 12);
  denials.note({ user: "ann", do: "subscribe", channel: "a" }, 20);
  expect(told(denials, "ann", 0)).toEqual(["b"]);
});

test("H42: denials are forgotten after half a minute", () => {
  const denials = new Denials();
  denials.note(kick("ann", "a"), 0);
  denials.note(kick("bob", "a"), 20_000);
  denials.note(kick("bob", "b"), 31_000);
  expect(told(denials, "ann", 0)).toEqual([]);
  denials.note(kick("bob", "c"), 51_000);
  expect(told(denials, "bob", 0)).toEqual(["b", "c"]);
});

test("H42: of too many denials, those are forgotten whose users were denied nothing for longest", () => {
  const denials = new Denials(3);
  denials.note(kick("ann", "a"), 1);
  denials.note(kick("bob", "a"), 1);
  denials.note(kick("ann", "b"), 1);
  denials.note(kick("cay", "a"), 1);
  expect(["ann", "bob", "cay"].map((user) => told(denials, user, 0))).toEqual([["a", "b"], [], ["a"]]);
  for (const channel of ["b", "c", "d"]) denials.note(kick("cay", channel), 2);
  expect(["ann", "cay"].map((user) => told(denials, user, 0))).toEqual([[], ["b", "c", "d"]]);
});
