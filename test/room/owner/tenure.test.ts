/** How long an owner may take itself for one. */
import { describe, expect, test } from "vitest";
import type { Reign } from "../../../src/broker/index.js";
import { Tenure, type TenureEnd } from "../../../src/server/kinds/room/owner/tenure.js";
import { VirtualClock } from "../../../src/testing/index.js";

const TTL = 3000;
const MARGIN = 500;

/** A tenure whose renewals are answered as the test says. */
function setup({ hears = true }: { readonly hears?: boolean } = {}) {
  const clock = new VirtualClock();
  const ends: (TenureEnd | "deaf")[] = [];
  const renewals: { at: number; answer: (isOurs: boolean) => void; fail: (error: Error) => void }[] = [];
  let answers: "at once" | "never" = "at once";
  let isOurs = true;
  const reign: Reign = {
    token: "t",
    renew: () => {
      if (answers === "at once") return Promise.resolve(isOurs);
      return new Promise((answer, fail) => renewals.push({ at: clock.monotonic(), answer, fail }));
    },
    release: () => Promise.resolve(),
  };
  const errors: unknown[] = [];
  const tenure: Tenure = new Tenure({
    clock,
    reign,
    ttl: TTL,
    margin: MARGIN,
    sent: 0,
    onEnd: (why) => ends.push(why),
    onDeaf: () => ends.push("deaf"),
    onRenewing: () => hears && tenure.heard(),
    onError: (error) => errors.push(error),
  });
  return {
    clock,
    tenure,
    ends,
    renewals,
    errors,
    set: (to: "at once" | "never", ours = true) => {
      answers = to;
      isOurs = ours;
    },
  };
}

describe("R3: an owner stops at the sending of its newest renewal, its length, less a margin", () => {
  test("and goes on for as long as renewals come through", async () => {
    const { clock, tenure, ends } = setup();
    await clock.advance(60_000);
    expect(tenure.isGood).toBe(true);
    expect(ends).toEqual([]);
  });

  test("counted from the sending, however late the answer", async () => {
    const { clock, tenure, renewals, set, ends } = setup();
    set("never");
    await clock.advance(1000);
    expect(renewals).toHaveLength(1);
    await clock.advance(1400);
    renewals[0]?.answer(true);
    await clock.advance(1099);
    expect(tenure.isGood).toBe(true);
    await clock.advance(1);
    expect(tenure.isGood).toBe(false);
    await clock.settle();
    expect(ends).toEqual(["late"]);
  });

  test("a late success does not revive it", async () => {
    const { clock, tenure, renewals, set, ends } = setup();
    set("never");
    await clock.advance(2500);
    expect(tenure.isGood).toBe(false);
    for (const { answer } of renewals) answer(true);
    await clock.advance(10_000);
    expect(tenure.isGood).toBe(false);
    expect(ends).toEqual(["late"]);
  });

  test("one renewal that is never answered does not keep the others from being sent", async () => {
    const { clock, tenure, renewals, set } = setup();
    set("never");
    await clock.advance(1000);
    set("at once");
    await clock.advance(60_000);
    expect(renewals).toHaveLength(1);
    expect(tenure.isGood).toBe(true);
  });

  test("it is asked by its clock, not by a timer: who was stopped sees it before anything else", async () => {
    const { clock, tenure, set } = setup();
    set("never");
    // As in a process that is stopped: its clock goes on, and no timer has rung.
    let isGood: boolean | undefined;
    clock.setTimeout(() => (isGood = tenure.isGood), 2500);
    await clock.advance(2500);
    expect(isGood).toBe(false);
  });

  test("a renewal that is refused ends it", async () => {
    const { clock, tenure, set, ends } = setup();
    set("at once", false);
    await clock.advance(1000);
    expect(tenure.isGood).toBe(false);
    await clock.settle();
    expect(ends).toEqual(["lost"]);
  });

  test("a renewal that fails is none, and is told", async () => {
    const { clock, renewals, set, errors, ends } = setup();
    set("never");
    await clock.advance(1000);
    renewals[0]?.fail(new Error("away"));
    set("at once");
    await clock.advance(5000);
    expect(errors).toHaveLength(1);
    expect(ends).toEqual([]);
  });
});

test("R10: who has not heard itself for one length is told so, once, although its renewals come through", async () => {
  const { clock, tenure, ends } = setup({ hears: false });
  await clock.advance(3000);
  expect(ends).toEqual([]);
  await clock.advance(5000);
  expect(ends).toEqual(["deaf"]);
  // It has to be let go of in good order.
  expect(tenure.isGood).toBe(true);
});
