/** Tables that nobody is shown. */
import { describe, expect, test } from "vitest";
import { table, text, u16 } from "../../../src/room/columns.js";
import { room, type RoomDef } from "../../../src/room/shape.js";
import { encodeKeyframe } from "../../../src/room/ticks.js";
import { Replica } from "../../../src/room/replica.js";
import { Run } from "../../../src/server/kinds/room/run/run.js";

const shown = { cards: table({ n: u16 }) };
const hidden = { deck: table({ card: text(16) }) };
const whole = room({ rate: 0, state: { ...shown, ...hidden } });
const { def } = whole.code({
  create(r) {
    r.state.deck.set("top", { card: "the ace of spades" });
    r.state.cards.set("all", { n: 1 });
  },
  input(r) {
    r.state.deck.set("top", { card: "a joker" });
  },
});
const Deck: RoomDef = { ...def, shape: { ...def.shape, state: shown }, hidden };

describe("hidden tables", () => {
  test("are in the state of the room, and kept with it", () => {
    const run = new Run(Deck, { seed: 1, about: { name: "deck", match: {} } });
    run.step([{ is: "join", seat: "a", user: null, join: null }]);
    run.step([{ is: "input", seat: "a", n: 1, input: null }]);
    const again = new Run(Deck, { from: run.checkpoint() });
    expect(again.state["deck"]?.get("top")).toEqual({ card: "a joker" });
    expect(again.checkpoint()).toEqual(run.checkpoint());
  });

  test("are in nothing that is told of it", () => {
    const run = new Run(Deck, { seed: 1, about: { name: "deck", match: {} } });
    expect(run.stores).toHaveLength(1);
    const bytes = encodeKeyframe(run.stores, run.tick);
    expect(Buffer.from(bytes).toString("latin1")).not.toContain("ace");
    const replica = new Replica(Deck.shape.state);
    expect(replica.apply(bytes)).toBe("applied");
  });
});
