/** What a client can connect to. */
import { TidemarkError, connect } from "tidemark/client";
import { expect, test, vi } from "vitest";
import { lateTransport } from "../../src/client/transports/late.js";

test.each([
  "localhost:8080/connect",
  "example.com:443",
  "ftp://example.com/connect",
  "file:///connect",
  "mailto:ann@example.com",
  "ws://ann:secret@example.com/connect",
  "https://ann@example.com/connect",
])("N30: connect throws for %s at once, and says what to do", (url) => {
  let thrown: unknown;
  try {
    connect(url, { environment: { transport: () => ({ send() {}, close() {} }) } }).close();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TidemarkError);
  expect(thrown).toMatchObject({ code: "invalid", message: expect.stringMatching(/ws:|token/) });
  expect((thrown as Error).message).not.toContain("secret");
});

test("N30: a path is relative to a page that came over HTTP, and to no other", () => {
  vi.stubGlobal("location", { href: "file:///index.html" });
  try {
    expect(() => connect("/connect")).toThrow(/begins with file:/);
  } finally {
    vi.unstubAllGlobals();
  }
});

test("N30: what opening a connection throws is its end, and nobody else hears of it", async () => {
  const closed: [number, string, unknown][] = [];
  const ended = new Promise<void>((resolve) => {
    const events = {
      open() {},
      frame() {},
      over() {},
      idle() {},
      better() {},
      close: (code: number, reason: string, cause?: unknown) => {
        closed.push([code, reason, cause]);
        resolve();
      },
    };
    lateTransport(
      async () => () => {
        // What a test waits for has to come, whatever becomes of this.
        setTimeout(resolve);
        throw new SyntaxError("no such URL");
      },
      events,
    );
  });
  await ended;
  expect(closed).toEqual([[1006, "", new SyntaxError("no such URL")]]);
});
