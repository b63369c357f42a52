/** Fingerprints of payloads. */
import { describe, expect, it } from "vitest";
import { fingerprint } from "../../src/server/connection/publish/fingerprint.js";

describe("fingerprints", () => {
  it("P4: of different payloads differ, and of the same ones do not", () => {
    const payloads = [
      "",
      "0",
      "a",
      "aa",
      "ab",
      "ba",
      '{"a":1}',
      '{"a":2}',
      ...Array.from({ length: 10_000 }, (_, i) => `"${i}"`),
    ];
    expect(new Set(payloads.map(fingerprint)).size).toBe(payloads.length);
    expect(fingerprint('{"a":1}')).toBe(fingerprint('{"a":1}'));
    expect(Number.isSafeInteger(fingerprint(new Uint8Array([1, 2, 3])))).toBe(true);
  });
});
