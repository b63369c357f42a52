/** What an application says of a state channel. */
import { describe, expect, it } from "vitest";
import { state } from "../../../src/server/index.js";
import { CHANNEL, stateSetup } from "./support.js";

describe("state()", () => {
  it.each([
    ["keys", { keys: 0 }],
    ["keys", { keys: 1.5 }],
    ["bytes", { bytes: -1 }],
    ["graves.count", { graves: { count: NaN } }],
    ["graves.for", { graves: { for: "soon" } }],
    ["dedupe", { dedupe: "5 minutes" }],
    ["rate", { rate: 0 }],
    ["rate", { rate: Infinity }],
    ["ttl", { ttl: 0 }],
    ["ttl", { ttl: "400d" }],
    ["presenceGrace", { presence: true, presenceGrace: -1 }],
  ] as const)("is a TypeError where %s makes no sense, which names it and its value", (name, options) => {
    const value = name.split(".").reduce<unknown>((held, part) => (held as never)[part], options);
    const text = typeof value === "string" ? JSON.stringify(value) : String(value);
    const error = (() => {
      try {
        state(options as never);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toContain(name);
    expect((error as TypeError).message).toContain(text);
  });

  it("tells the rest of the server what was said", () => {
    const { kind, def } = state({
      rate: 10,
      ttl: "1m",
      keys: 5,
      bytes: 100,
      graves: { count: 0 },
      dedupe: 1000,
    });
    expect([kind, def.kind.name, def.rate, def.ttl]).toEqual(["state", "state", 10, 60_000]);
    expect(def.slots).toEqual({
      keeping: { by: "slots", most: { count: 5, bytes: 100 }, graves: { count: 0, age: 3_600_000 } },
      dedupe: 1000,
    });
  });

  it("M1: tells who is present, as other channels do", async () => {
    const all = stateSetup({ presence: ({ user }) => ({ name: user.id }) });
    const { peer } = await all.client("ann");
    expect(await peer.ask({ subscribe: CHANNEL })).toMatchObject({ presence: true });
    expect(await peer.ask({ members: CHANNEL })).toMatchObject({
      members: [{ id: "ann", data: { name: "ann" } }],
      total: 1,
    });
  });
});
