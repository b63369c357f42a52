import { describe, expect, test } from "vitest";
import { CLOSE_CODES, ERRORS, shouldReconnect } from "../../src/protocol/index.js";

describe("error codes", () => {
  test("are words of small letters, each with a sentence that says what happened", () => {
    for (const [code, { retry, about }] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(about).toMatch(/^[^A-Z].{10,}[^.]$/);
      expect(typeof retry).toBe("boolean");
    }
  });

  test("that a retry can help are these", () => {
    const helped = Object.entries(ERRORS).filter(([, { retry }]) => retry);
    expect(helped.map(([code]) => code).sort()).toEqual([
      "aborted",
      "going_away",
      "overloaded",
      "rate_limited",
      "room_full",
      "unavailable",
    ]);
  });
});

describe("close codes", () => {
  test("are each used once, and allowed to applications or by the WebSocket protocol", () => {
    const codes = Object.values(CLOSE_CODES).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) {
      expect((code >= 1000 && code <= 1015) || (code >= 4000 && code <= 4999)).toBe(true);
    }
  });

  test.each([
    [1000, true],
    [1001, true],
    [1002, true],
    [1003, false],
    [1005, true],
    [1006, true],
    [1007, false],
    [1008, false],
    [1009, false],
    [1010, true],
    [1011, true],
    [1012, true],
    [1013, true],
    [1015, true],
    [3000, true],
    [4000, true],
    [4499, true],
    [4500, false],
    [4999, false],
    [5000, true],
    [0, true],
  ])("after %i, coming back is %s", (code, back) => {
    expect(shouldReconnect(code)).toBe(back);
  });

  test("carry the policy of their names", () => {
    const back = Object.entries(CLOSE_CODES).filter(([, { code }]) => shouldReconnect(code));
    expect(back.map(([name]) => name).sort()).toEqual([
      "connect_timeout",
      "going_away",
      "protocol_error",
      "rate_limited",
      "server_error",
      "silent",
      "slow_replies",
      "token_expired",
      "unavailable",
    ]);
  });
});
