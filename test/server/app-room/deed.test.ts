import { describe, expect, test } from "vitest";
import { readDeed } from "../../../src/server/room/room-deed.js";

describe("what is to be done with a room", () => {
  test.each([
    [
      { do: "kick", seat: "a" },
      { do: "kick", seat: "a", reason: undefined },
    ],
    [
      { do: "kick", seat: "a", reason: "b" },
      { do: "kick", seat: "a", reason: "b" },
    ],
    [
      { do: "send", event: "a" },
      { do: "send", event: "a", data: null, to: undefined },
    ],
    [
      { do: "send", event: "a", data: 0, to: "b" },
      { do: "send", event: "a", data: 0, to: "b" },
    ],
    [{ do: "close" }, { do: "close", reason: undefined }],
    [{ do: "checkpoint" }, { do: "checkpoint" }],
    [{ do: "revive" }, { do: "revive" }],
  ])("A96: is read: %j", (json, deed) => {
    expect(readDeed(json)).toEqual(deed);
  });

  test.each([
    [null, "an object"],
    [[], "an object"],
    ["close", "an object"],
    [{}, '"do" is one of kick, send, close, checkpoint, revive'],
    [{ do: "toString" }, 'not "toString"'],
    [{ do: ["kick"] }, '"do" is one of'],
    [{ do: "kick" }, '"seat" of kick must be a text'],
    [{ do: "kick", seat: 7 }, "not 7"],
    [{ do: "kick", seat: "a", why: "b" }, '"why" means nothing to kick; there are: seat, reason'],
    [{ do: "close", reason: null }, '"reason" of close must be a text'],
    [{ do: "checkpoint", seat: "a" }, "there are: none"],
  ])("A96: %j is none, and what is wrong with it is said", (json, message) => {
    expect(() => readDeed(json)).toThrow(
      expect.objectContaining({
        code: "bad_request",
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});
