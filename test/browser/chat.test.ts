import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, messages, say, seen, texts } from "./chat-page.js";
import {
  cableTo,
  launchBrowser,
  noBrowser,
  startExamples,
  type Cable,
  type ExampleServer,
} from "./support.js";

/** How long a cable stays cut, in milliseconds: long enough for several tries to reconnect to fail. */
const CUT_MS = 10_000;

describe.skipIf(noBrowser)("the chat in Chromium", { timeout: 60_000 }, () => {
  let server: ExampleServer;
  let browser: Browser;
  let cable: Cable;

  beforeAll(async () => {
    server = await startExamples();
    cable = await cableTo(server.port);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await cable?.close();
    await server?.stop();
  });

  it("shows two people to each other: coming, typing, talking and going", async () => {
    const ann = await enter(browser, "Ann", server.port, "meeting");
    const bob = await enter(browser, "Bob", server.port, "meeting");
    await seen(ann, "members", "Bob");
    await seen(bob, "members", "Ann");

    await ann.getByTestId("composer").pressSequentially("hel");
    await seen(bob, "typing", "Ann");
    await ann.getByTestId("composer").pressSequentially("lo");
    await ann.getByTestId("composer").press("Enter");
    await messages(bob, ["hello"]);
    await say(bob, "<b>hi</b> & welcome");
    await messages(ann, ["hello", "<b>hi</b> & welcome"]);

    await bob.context().close();
    await ann.getByTestId("members").getByText("Bob").waitFor({ state: "detached" });
    await ann.context().close();
  });

  it("C1, P3: a page that was cut off for 10 s shows exactly what it missed, and what it wrote meanwhile arrives once", async () => {
    const ann = await enter(browser, "Ann", server.port, "cut");
    const bob = await enter(browser, "Bob", cable.port, "cut");
    await say(ann, "before");
    await messages(bob, ["before"]);

    cable.cut();
    const cutFor = new Promise((resolve) => setTimeout(resolve, CUT_MS));
    await seen(bob, "banner", "offline");
    const missed = Array.from({ length: 20 }, (_, i) => `missed ${i + 1}`);
    for (const text of missed) await say(ann, text);
    await say(bob, "written offline");
    await seen(bob, "message", "written offline");
    await cutFor;
    // Nothing came through, and what was written waits.
    expect(await texts(ann)).not.toContain("written offline");
    cable.mend();

    await messages(ann, ["before", ...missed, "written offline"]);
    await messages(bob, ["before", ...missed, "written offline"]);
    await bob.getByTestId("banner").waitFor({ state: "hidden" });
    await bob.context().close();
    await ann.context().close();
  });

  it("loads older messages when one scrolls back", async () => {
    const ann = await enter(browser, "Ann", server.port, "long");
    for (let i = 0; i < 70; i++) await say(ann, `line ${i}`);
    const bob = await enter(browser, "Bob", server.port, "long");
    await seen(bob, "message", "line 69");
    await bob.getByTestId("message").first().scrollIntoViewIfNeeded();
    await bob.getByTestId("message").getByText("line 0", { exact: true }).waitFor();
    expect(await texts(bob)).toEqual(Array.from({ length: 70 }, (_, i) => `line ${i}`));
    await bob.context().close();
    await ann.context().close();
  });
});
