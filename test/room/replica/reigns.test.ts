import { describe, expect, test } from "vitest";
import { isLater, Reigns, type FoundReign } from "../../../src/server/kinds/room/replica/reigns.js";

const ONE = [{ epoch: "E1", base: 0 }];
const TWO = [...ONE, { epoch: "E2", base: 40 }];

function reign(name: string, offset: number, epoch = "E1"): FoundReign {
  return { name, node: "n0", released: false, epoch, at: { epoch, offset } };
}

describe("which reign is the newest", () => {
  test("R6: the one that was written later, whatever is heard first", () => {
    const reigns = new Reigns();
    expect(reigns.judge("aaaaaaaa")).toBe("unknown");
    expect(reigns.learn(reign("aaaaaaaa", 10), ONE)).toBe(true);
    expect(reigns.learn(reign("bbbbbbbb", 20), ONE)).toBe(true);
    expect(reigns.judge("aaaaaaaa")).toBe("past");
    // A read that was under way for long says what was then.
    expect(reigns.learn(reign("aaaaaaaa", 10), ONE)).toBe(false);
    expect(reigns.newest?.name).toBe("bbbbbbbb");
    expect(reigns.learn(reign("bbbbbbbb", 30), ONE)).toBe(false);
    expect(reigns.newest?.at.offset).toBe(30);
  });

  test("R6: a name that the log was asked about, and did not say to be the newest, is past", () => {
    const reigns = new Reigns();
    reigns.learn(reign("bbbbbbbb", 20), ONE);
    reigns.rule("aaaaaaaa");
    reigns.rule("bbbbbbbb");
    expect(reigns.judge("aaaaaaaa")).toBe("past");
    expect(reigns.judge("bbbbbbbb")).toBe("newest");
  });

  test("R8: a log that has lost the newest reign does not bring the one before back, and what is written to it then is later", () => {
    const reigns = new Reigns();
    reigns.learn(reign("bbbbbbbb", 50), ONE);
    expect(reigns.learn(reign("aaaaaaaa", 30), TWO)).toBe(false);
    expect(reigns.judge("bbbbbbbb")).toBe("newest");
    // Its owner lives, and says so again.
    expect(reigns.learn(reign("bbbbbbbb", 41, "E2"), TWO)).toBe(false);
    expect(reigns.newest?.at).toEqual({ epoch: "E2", offset: 41 });
    expect(reigns.learn(reign("cccccccc", 45, "E2"), TWO)).toBe(true);
    expect(reigns.judge("bbbbbbbb")).toBe("past");
  });

  test("R8: what the log says to be the newest is so, though it was ruled out", () => {
    const reigns = new Reigns();
    reigns.learn(reign("aaaaaaaa", 30), ONE);
    reigns.rule("bbbbbbbb");
    expect(reigns.learn(reign("bbbbbbbb", 45, "E2"), TWO)).toBe(true);
    expect(reigns.judge("bbbbbbbb")).toBe("newest");
  });

  test("of places of a log that knows nothing of one of them, those that it knows are later", () => {
    expect(isLater({ epoch: "E9", offset: 1 }, { epoch: "E1", offset: 50 }, [{ epoch: "E9", base: 0 }])).toBe(
      true,
    );
    expect(
      isLater({ epoch: "E1", offset: 1 }, { epoch: "E0", offset: 0 }, [
        { epoch: "E1", base: 0, earlier: "E0" },
      ]),
    ).toBe(true);
  });

  test("names of the past are forgotten, the oldest first", () => {
    const reigns = new Reigns();
    reigns.learn(reign("newest00", 20), ONE);
    for (let i = 0; i < 20; i++) reigns.rule(`past${i}`);
    expect(reigns.judge("past3")).toBe("unknown");
    expect(reigns.judge("past4")).toBe("past");
    expect(reigns.judge("past19")).toBe("past");
  });
});
