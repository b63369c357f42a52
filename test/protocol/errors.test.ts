import { TidemarkError as OfTheServer } from "tidemark";
import { TidemarkError as OfTheClient } from "tidemark/client";
import { ERRORS } from "tidemark/protocol";
import { describe, expect, test } from "vitest";

describe("TidemarkError", () => {
  test("is one class, whichever entry point it comes from", () => {
    expect(OfTheClient).toBe(OfTheServer);
    expect(new OfTheServer("forbidden", "no")).toBeInstanceOf(OfTheClient);
  });

  test.each(Object.entries(ERRORS))("knows of %s whether a retry can help", (code, { retry }) => {
    expect(new OfTheClient(code, "").retry).toBe(retry);
    expect(new OfTheClient(code, "", { retry: !retry }).retry).toBe(!retry);
  });

  test.each(["busy", "constructor", "__proto__"])("takes %s for a code of the application's own", (code) => {
    expect(new OfTheServer(code, "").retry).toBe(false);
    expect(new OfTheServer(code, "", { retry: true, after: 20 })).toMatchObject({
      code,
      retry: true,
      after: 20,
    });
  });

  test("keeps what it is about, and why", () => {
    const cause = new Error("why");
    const issues = [{ message: "too short", path: ["text"] }];
    const error = new OfTheClient("invalid", "no", { issues, channel: "chat/general", cause });
    expect(error).toMatchObject({
      name: "TidemarkError",
      message: "no",
      issues,
      channel: "chat/general",
      cause,
    });
    expect(error.after).toBeUndefined();
  });
});
